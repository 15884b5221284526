/** Copies a store, and kills itself before a transaction: `copy-child.ts FOLDER URL into|back N`. */
import { openPostgresStore } from '../../src/store/postgres/postgres.ts';
import { copyStore } from '../../src/store/copy-store.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';

const [file = '', url = '', direction, at = '1'] = process.argv.slice(2);
const embedded = await openSqliteStore({ file });
const node = { id: 'copy', name: 'store-copy', details: {} };
const shared = await openPostgresStore({ url, node, now: Date.now });
const [from, to] = direction === 'into' ? [embedded, shared] : [shared, embedded];
let transactions = 0;
const killed: Store = {
  read: (request) => to.read(request),
  list: (request) => to.list(request),
  readMany: (requests) => to.readMany(requests),
  changes: (since, limit) => to.changes(since, limit),
  close: () => to.close(),
  transact(transaction) {
    transactions += 1;
    if (transactions === Number(at)) process.kill(process.pid, 'SIGKILL');
    return to.transact(transaction);
  },
};
await copyStore({ from, to: killed, replace: false, outboxPrefix: 'outbox/audit/' });
