import pg from 'pg';
import { openPostgresStore } from '../../src/store/postgres/postgres.ts';
import type { PostgresStoreOptions } from '../../src/store/postgres/options.ts';
import type { PostgresStore } from '../../src/store/postgres/postgres.ts';

/** A store that is closed at the end of its block. */
export async function openStore(
  url: string,
  options: Partial<PostgresStoreOptions> = {},
): Promise<PostgresStore & AsyncDisposable> {
  const node = { id: 'one', name: 'one', details: {} };
  const store = await openPostgresStore({ url, node, now: Date.now, ...options });
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}

/** Another client of the database, which another program might be. */
export async function openSession(
  url: string,
): Promise<AsyncDisposable & { run(sql: string): Promise<pg.QueryResult> }> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return { run: (sql) => client.query(sql), [Symbol.asyncDispose]: () => client.end() };
}

/** Takes the lock of the writers, as a batch of another node does, until its transaction ends. */
export const takeLock = `begin; select pg_advisory_xact_lock(1349481556, 'postern.store'::regclass::oid::integer)`;

/** Waits until the statement gives this answer. Bounded: a minute. */
export async function until(ask: () => Promise<string>, wanted: string): Promise<void> {
  let found = '';
  for (let tries = 0; tries < 1_200; tries += 1) {
    found = await ask();
    if (found === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${JSON.stringify(wanted)} did not come within a minute, but ${JSON.stringify(found)}`);
}
