/**
 * The cost of a vault's size, and of other work: LIST with 500 names and 17,000 versions, GET with 100 and with a
 * million secrets in the vault, with one vault and with 100,000, and GET while RSA keys of 4096 bits are made. The load
 * comes from wrk (Debian package `wrk`), which shares the cores with the server.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { objectKeys, vaultScope } from '../src/objects/object.ts';
import { newSecretVersion } from '../src/objects/secrets/secret.ts';
import { vaultKey } from '../src/resources/keys.ts';
import { decode, encode } from '../src/store/store.ts';
import type { Put } from '../src/store/store.ts';
import type { VaultRecord } from '../src/types/vault.ts';
import { putVault } from '../test/data-plane/vaults.ts';
import { startServer } from '../test/world/server.ts';
import { readWrk } from './wrk.ts';

const seconds = Number(process.argv[2] ?? 5);
const secretsMax = Number(process.argv[3] ?? 1_000_000);
const vaultsMax = Number(process.argv[4] ?? 100_000);

await using world = await startServer();
const { client, folder } = world;
const { store } = folder;
for (const name of ['bench', 'listed']) await putVault(client, name);
const token = await client.token('vault');
console.log(`| 32 connections, ${seconds} s | requests/s | p99 ms |`);
console.log('|---|---|---|');

await seed('listed', 500, 34);
await measure('LIST of 25, 500 names, 17,000 versions', 'listed', '/secrets');
await seed('bench', 100, 1);
await measure('warm-up', 'bench', '/secrets/name-7');
await measure('GET, 100 secrets', 'bench', '/secrets/name-7');
await seed('bench', secretsMax, 1);
await measure(`GET, ${secretsMax} secrets`, 'bench', '/secrets/name-7');
await seedVaults(vaultsMax);
await measure(`GET, ${vaultsMax} vaults besides`, 'bench', '/secrets/name-7');

const over = new AbortController();
const makers = [1, 2].map(async (maker) => {
  while (!over.signal.aborted) {
    const body = { kty: 'RSA', key_size: 4096 };
    await client.vault('bench', 'POST', `/keys/large-${maker}/create`, { body });
  }
});
await measure('GET, RSA keys of 4096 bits being made', 'bench', '/secrets/name-7');
over.abort();
await Promise.all(makers);

async function measure(what: string, vault: string, path: string): Promise<void> {
  const { host } = new URL(client.vaultOrigin(vault));
  const headers = ['-H', `Host: ${host}`, '-H', `Authorization: Bearer ${token}`];
  const url = `https://127.0.0.1:${world.port}${path}?api-version=7.4`;
  const wrk = ['-t1', '-c32', `-d${seconds}s`, '--latency', ...headers, url];
  const { stdout } = await promisify(execFile)('wrk', wrk);
  const { requests, p99Ms } = readWrk(stdout);
  console.log(`| ${what} | ${(requests / seconds).toFixed(0)} | ${p99Ms.toFixed(2)} |`);
}

/** Puts secrets directly into the store, in the form that the operations give them. */
async function seed(vaultName: string, names: number, versions: number): Promise<void> {
  const [record] = await store.read({ get: [vaultKey(vaultName)] });
  if (record === undefined) throw new Error('the vault does not exist');
  const scope = vaultScope(decode<VaultRecord>(record), { transitionMs: 0, nowMs: Date.now(), require: [] });
  const keys = objectKeys(scope, 'secrets');
  await inBatches(names, (index) => {
    const name = `name-${index}`;
    const made = Array.from({ length: versions }, () =>
      newSecretVersion(
        { value: 'a value of some forty characters, as usual' },
        { version: newVersion(), nowSeconds: 1 },
      ),
    );
    const [current, ...older] = made;
    return [
      { key: keys.current(name), value: encode({ name, current }) },
      ...older.map((version) => ({ key: keys.version(name, version.version), value: encode(version) })),
    ];
  });
}

async function seedVaults(count: number): Promise<void> {
  const [record] = await store.read({ get: [vaultKey('bench')] });
  if (record === undefined) throw new Error('the vault does not exist');
  const vault = decode<VaultRecord>(record);
  await inBatches(count, (index) => {
    const name = `many-${index}`;
    return [{ key: vaultKey(name), value: encode({ ...vault, name, incarnation: `many-${index}` }) }];
  });
}

async function inBatches(count: number, putsOf: (index: number) => readonly Put[]): Promise<void> {
  let batch: Put[] = [];
  for (let index = 0; index < count; index += 1) {
    batch.push(...putsOf(index));
    if (batch.length < 2000 && index < count - 1) continue;
    await store.transact({ put: batch });
    batch = [];
  }
}

function newVersion(): string {
  return randomBytes(16).toString('hex');
}
