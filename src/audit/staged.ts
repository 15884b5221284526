import { recordKind } from '../store/keys.ts';
import { jsonPut, listRecords } from '../store/records.ts';
import type { Stored } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import type { LogRecord } from './activity.ts';
import { lineOf } from './line.ts';
import { withAdopter } from './node-line.ts';
import type { AuditNode } from './node-line.ts';

/** The records of changes on their way to the log. */
export const staged = recordKind<LogRecord>({
  pattern: 'outbox/audit/',
  owner: 'audit',
  holds: 'a record on its way to the audit log, by its id; of several nodes by the id of the node before it',
});

/** All of them. */
export const outboxPrefix = staged.prefix();

const pageSize = 256;
const triesMax = 100;

/** The id of a staged record: the last part of its key. */
export function idOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** The id of the node that a staged record belongs to; `undefined` where it was staged before there were several. */
function ownerOf(key: string): string | undefined {
  const rest = key.slice(outboxPrefix.length);
  const end = rest.indexOf('/');
  return end === -1 ? undefined : rest.slice(0, end);
}

/** The number of staged records of each node, by its id; those without one are under the empty string. */
export async function waitingByNode(store: Pick<Store, 'list'>): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let after: string | undefined; ;) {
    const records = await store.list({ prefix: outboxPrefix, after, limit: pageSize });
    for (const { key } of records) {
      const owner = ownerOf(key) ?? '';
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    after = records.at(-1)?.key;
    if (after === undefined) return counts;
  }
}

/**
 * Makes the records this node's that belong to none: a start wrote them before it opened its log, or the store comes from a
 * server that had it alone. Each becomes the record of one node, also where several do this.
 */
export async function takeUnowned(store: Store, node: AuditNode): Promise<void> {
  let after: string | undefined;
  let tries = 0;
  for (;;) {
    const records = await listRecords(store, { prefix: outboxPrefix, after, limit: pageSize });
    const unowned = records.filter(({ key }) => ownerOf(key) === undefined);
    if (unowned.length > 0 && !(await moved(store, unowned, node, (line) => line)) && tries++ < triesMax) continue;
    after = records.at(-1)?.key;
    if (after === undefined) return;
  }
}

/**
 * Makes the records of another node this node's. Their ids stay, so that each is there once by its id, although the other
 * node's log may have the last of them too.
 * @returns how many
 */
export async function adoptStaged(store: Store, other: string, node: AuditNode): Promise<number> {
  let count = 0;
  for (let tries = 0; tries < triesMax;) {
    const records = await listRecords(store, { prefix: staged.prefix(other, ''), limit: pageSize });
    if (records.length === 0) return count;
    if (await moved(store, records, node, (line) => withAdopter(line, node))) count += records.length;
    else tries += 1;
  }
  throw new Error('other nodes adopt the same records: look at what they have adopted, and begin again');
}

/** False if another node was faster with one of them. */
async function moved(
  store: Store,
  records: readonly Stored<LogRecord>[],
  node: AuditNode,
  change: (line: string) => string,
): Promise<boolean> {
  try {
    await store.transact({
      require: records.map(({ key, version }) => ({ key, version })),
      put: records.map(({ key, value }) => jsonPut(staged.key(node.id, idOf(key)), change(lineOf(value).text))),
      delete: records.map(({ key }) => key),
    });
    return true;
  } catch (error) {
    if (error instanceof Conflict) return false;
    throw error;
  }
}
