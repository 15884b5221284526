/**
 * Run by `kill.test.ts` as `writer.ts DIRECTORY ROUND`: reads and changes as fast as possible until it is killed, and
 * writes the name of each to the file `acknowledged` once it was acknowledged. ROUND `drain` opens the audit and closes
 * it again.
 */
import { randomBytes } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openAudit } from '../../src/audit/audit.ts';
import { openAuditLog } from '../../src/audit/log.ts';
import { defaultQuota } from '../../src/audit/quota.ts';
import { encode } from '../../src/store/store.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { recordNamed } from './request-events.ts';

const [, , directory = '', round = ''] = process.argv;
const notice = (message: string) => writeSync(2, `${message}\n`);

const store = await openSqliteStore({ file: join(directory, 'store.sqlite') });
const log = openAuditLog({
  directory: join(directory, 'audit'),
  maxBytes: 1 << 20,
  files: 1000,
  keepMs: 0,
  fsync: false,
  now: Date.now,
  notice,
});
const audit = await openAudit({
  store,
  log,
  now: Date.now,
  random: randomBytes,
  quota: defaultQuota,
  notice,
});

const acknowledged = openSync(join(directory, 'acknowledged'), 'a');
let working = false;

function acknowledge(name: string): void {
  writeSync(acknowledged, `${name}\n`);
  if (!working) process.stdout.write('working\n');
  working = true;
}

async function read(name: string): Promise<void> {
  await audit.read(recordNamed(name));
  acknowledge(name);
}

async function change(name: string): Promise<void> {
  const { put } = audit.stage(recordNamed(name));
  await store.transact({ put: [{ key: `changed/${name}`, value: encode(name) }, put] });
  audit.committed();
  acknowledge(name);
}

async function endlessly(act: (name: string) => Promise<void>, kind: string): Promise<void> {
  for (let n = 0; ; n += 1) await act(`${kind}-${round}-${n}`);
}

if (round !== 'drain') {
  const clients = ['a', 'b', 'c', 'd'];
  await Promise.all(
    clients.flatMap((client) => [endlessly(read, `read-${client}`), endlessly(change, `change-${client}`)]),
  );
}
await audit.close();
await store.close();
