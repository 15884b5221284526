/**
 * `npm run bench -- backup [SECONDS] [SECRETS] [ROUNDS]`: GET and PUT of a secret with and without backups being made of
 * the server, side by side; and how long a backup takes, alone and under that load. The load comes from wrk (Debian package
 * `wrk`), which shares the cores with the server.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { objectKeys, vaultScope } from '../src/objects/object.ts';
import { newSecretVersion } from '../src/objects/secrets/secret.ts';
import { vaultKey } from '../src/resources/keys.ts';
import { decode, encode } from '../src/store/store.ts';
import type { VaultRecord } from '../src/types/vault.ts';
import { Backups } from '../src/worker/backup.ts';
import { putVault } from '../test/data-plane/vaults.ts';
import { dataFolder } from '../test/world/process.ts';
import { startServerWith } from '../test/world/server.ts';
import { median, putScript, readWrk } from './wrk.ts';

const seconds = Number(process.argv[2] ?? 3);
const secrets = Number(process.argv[3] ?? 50_000);
const rounds = Number(process.argv[4] ?? 5);

using data = dataFolder();
await using world = await startServerWith({ data: data.path });
const { client, folder, server } = world;
await putVault(client, 'bench');
await seed();
const token = await client.token('vault');
const backups = new Backups({
  ...folder,
  databaseFile: `${data.path}/postern.db`,
  audit: server.audit,
  masterKeyText: () => '',
  now: world.now,
});
const alone = await backup();
console.log(`A backup of ${secrets} secrets: ${(alone.bytes / 1e6).toFixed(0)} MB in ${alone.ms.toFixed(0)} ms.\n`);
console.log(
  `| 32 connections, median of ${rounds} rounds of ${seconds} s | requests/s | p99 ms | with backups | p99 ms | a backup, ms |`,
);
console.log('|---|---|---|---|---|---|');
const script = putScript();
for (const [name, extra] of [
  ['GET', []],
  ['PUT', ['-s', script]],
] as const) {
  await load(extra);
  const [quiet, busy, times]: [Round[], Round[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    quiet.push(await load(extra));
    const over = new AbortController();
    const making = makeUntil(over.signal, times);
    busy.push(await load(extra));
    over.abort();
    await making;
  }
  const of = (all: readonly Round[], what: keyof Round) => median(all.map((one) => one[what]));
  const cells = [quiet, busy].flatMap((all) => [of(all, 'perSecond').toFixed(0), of(all, 'p99Ms').toFixed(2)]);
  console.log(`| ${name} | ${cells.join(' | ')} | ${median(times).toFixed(0)} |`);
}

interface Round {
  readonly perSecond: number;
  readonly p99Ms: number;
}

async function load(extra: readonly string[]): Promise<Round> {
  const { host } = new URL(client.vaultOrigin('bench'));
  const headers = [
    '-H',
    `Host: ${host}`,
    '-H',
    `Authorization: Bearer ${token}`,
    '-H',
    'Content-Type: application/json',
  ];
  const url = `https://127.0.0.1:${world.port}/secrets/name-7?api-version=7.4`;
  const { stdout } = await promisify(execFile)('wrk', [
    '-t1',
    '-c32',
    `-d${seconds}s`,
    '--latency',
    ...headers,
    ...extra,
    url,
  ]);
  const { requests, p99Ms } = readWrk(stdout);
  return { perSecond: requests / seconds, p99Ms };
}

async function makeUntil(signal: AbortSignal, times: number[]): Promise<void> {
  while (!signal.aborted) times.push((await backup()).ms);
}

/** Makes a backup as fast as it comes, and forgets it. */
async function backup(): Promise<{ readonly bytes: number; readonly ms: number }> {
  const begin = performance.now();
  const begun = await backups.begin({ withMasterKey: false, withoutLog: true });
  if (!begun.ok) throw new Error(begun.message);
  let bytes = 0;
  for await (const piece of begun.pieces) bytes += piece.length;
  begun.end();
  return { bytes, ms: performance.now() - begin };
}

/** Puts secrets of a kilobyte directly into the store, in the form that the operations give them. */
async function seed(): Promise<void> {
  const [record] = await folder.store.read({ get: [vaultKey('bench')] });
  if (record === undefined) throw new Error('the vault does not exist');
  const scope = vaultScope(decode<VaultRecord>(record), { transitionMs: 0, nowMs: world.now(), require: [] });
  const keys = objectKeys(scope, 'secrets');
  for (let from = 0; from < secrets; from += 2000) {
    const names = Array.from({ length: Math.min(2000, secrets - from) }, (_, index) => `name-${from + index}`);
    const put = names.map((name) => {
      const value = randomBytes(500).toString('hex');
      const current = newSecretVersion({ value }, { version: randomBytes(16).toString('hex'), nowSeconds: 1 });
      return { key: keys.current(name), value: encode({ name, current }) };
    });
    await folder.store.transact({ put });
  }
}
