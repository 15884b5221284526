/**
 * The cost of the store, compared with bare `node:sqlite` in the same run: `runtime/node bench/store.ts`. Medians of
 * several rounds. The database is in the folder for temporary files, or in the folder given as the first argument.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { masterKeyFrom } from '../src/crypto/master-key.ts';
import { open, seal, SealingKey } from '../src/crypto/seal.ts';
import { openSealedStore } from '../src/store/sealed.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import type { Store } from '../src/store/store.ts';

const recordCount = 20_000;
const value = randomBytes(400);
let last = 0;

interface Row {
  readonly what: string;
  readonly figure: string;
}

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'postern-bench-'));
try {
  console.table([
    ...sealing(),
    ...bareSqlite(join(folder, 'bare.db')),
    ...(await store('sqlite', await openSqliteStore({ file: join(folder, 'plain.db') }))),
    ...(await store('sealed sqlite', await openSealed(join(folder, 'sealed.db')))),
  ]);
} finally {
  rmSync(folder, { recursive: true });
}

async function openSealed(file: string): Promise<Store> {
  return openSealedStore({ inner: await openSqliteStore({ file }), masterKey: masterKeyFrom(randomBytes(32)) });
}

function sealing(): Row[] {
  const key = new SealingKey(randomBytes(32));
  const context = Buffer.from(`record\n${randomUUID()}\n${keyOf(1)}\n${randomUUID()}`);
  const sealed = seal(key, value, context);
  return [
    { what: 'seal 400 bytes', figure: each(() => seal(key, value, context)) },
    { what: 'open 400 bytes', figure: each(() => open(key, sealed, context)) },
  ];
}

function bareSqlite(file: string): Row[] {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('CREATE TABLE records (key TEXT PRIMARY KEY, version TEXT, value BLOB) WITHOUT ROWID');
  const put = database.prepare('INSERT OR REPLACE INTO records VALUES (?, ?, ?)');
  database.exec('BEGIN');
  for (let index = 0; index < recordCount; index += 1) put.run(keyOf(index), randomUUID(), value);
  database.exec('COMMIT');
  const get = database.prepare('SELECT version, value FROM records WHERE key = ?');
  const rows = [
    { what: 'bare node:sqlite: get', figure: each(() => get.get(someKey())) },
    {
      what: 'bare node:sqlite: put, committed alone',
      figure: rate(1_000, () => put.run(someKey(), randomUUID(), value)),
    },
  ];
  database.close();
  return rows;
}

async function store(name: string, opened: Store): Promise<Row[]> {
  for (let from = 0; from < recordCount; from += 1_000) {
    await opened.transact({ put: Array.from({ length: 1_000 }, (_, index) => ({ key: keyOf(from + index), value })) });
  }
  const [rules] = await opened.transact({ put: [{ key: 'rules', value }] });
  const require = [{ key: 'rules', version: rules ?? null }];
  const put = () => opened.transact({ put: [{ key: someKey(), value }] });
  const rows = [
    { what: `${name}: get, alone in its turn`, figure: await eachAwaited(1, () => opened.read({ get: [someKey()] })) },
    {
      what: `${name}: require + get, alone in its turn`,
      figure: await eachAwaited(1, () => opened.read({ require, get: [someKey()] })),
    },
    {
      what: `${name}: require + get, 8 in a turn`,
      figure: await eachAwaited(8, () => opened.read({ require, get: [someKey()] })),
    },
    { what: `${name}: transact, 1 at a time`, figure: await rateAwaited(2_000, 1, put) },
    { what: `${name}: transact, 32 at a time`, figure: await rateAwaited(20_000, 32, put) },
  ];
  await opened.close();
  return rows;
}

function keyOf(index: number): string {
  return `vault/6f1c2e0a-5d0e-4f6e-9a55-3b8d6e1f7c42/secret/name-${index}`;
}

/** A key out of as many as a busy vault has. */
function someKey(): string {
  last = (last * 7 + 13) % 1_000;
  return keyOf(last);
}

function each(work: () => unknown): string {
  const rounds = Array.from({ length: 9 }, () => {
    const start = process.hrtime.bigint();
    for (let index = 0; index < 20_000; index += 1) work();
    return Number(process.hrtime.bigint() - start) / 20_000;
  });
  return micros(median(rounds));
}

/** Includes the time of the turns, less the cost of an empty turn. */
async function eachAwaited(perTurn: number, work: () => Promise<unknown>): Promise<string> {
  const rounds: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const empty = await turns(perTurn, async () => {});
    rounds.push((await turns(perTurn, work)) - empty);
  }
  return micros(median(rounds));
}

async function turns(perTurn: number, work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  for (let turn = 0; turn < 4_000; turn += 1) {
    for (let index = 0; index < perTurn; index += 1) await work();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Number(process.hrtime.bigint() - start) / 4_000 / perTurn;
}

function rate(count: number, work: () => unknown): string {
  const start = process.hrtime.bigint();
  for (let index = 0; index < count; index += 1) work();
  return perSecond(count, start);
}

async function rateAwaited(count: number, concurrency: number, work: () => Promise<unknown>): Promise<string> {
  const start = process.hrtime.bigint();
  let left = count;
  const client = async (): Promise<void> => {
    for (; left > 0; left -= 1) await work();
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  return perSecond(count, start);
}

function perSecond(count: number, start: bigint): string {
  return `${Math.round((count * 1e9) / Number(process.hrtime.bigint() - start)).toLocaleString('en')}/s`;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
}

function micros(nanoseconds: number): string {
  return `${(nanoseconds / 1_000).toFixed(2)} µs`;
}
