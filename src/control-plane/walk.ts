import { setImmediate } from 'node:timers/promises';
import type { Store, StoredRecord } from '../store/store.ts';

const few = { limit: 32, bytes: 262_144 };

/** All records under a prefix, a few at a time. In between, others are answered, however many there are. */
export async function* walk(store: Store, prefix: string): AsyncGenerator<readonly StoredRecord[]> {
  for (let after: string | undefined; ;) {
    const records = await store.list({ prefix, after, ...few });
    after = records.at(-1)?.key;
    if (after === undefined) return;
    yield records;
    // Another request needs two turns of the event loop: it is decided in one, and answered in the next.
    await setImmediate();
    await setImmediate();
  }
}

/** What `read` makes of the first records under a prefix, at most `limit` of it. */
export async function firstOf<T>(
  { store, prefix, limit }: { readonly store: Store; readonly prefix: string; readonly limit: number },
  read: (records: readonly StoredRecord[]) => readonly T[] | Promise<readonly T[]>,
): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const records of walk(store, prefix)) {
    found.push(...(await read(records)));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}
