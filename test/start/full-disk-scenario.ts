/** Run by `full-disk.test.ts` as `full-disk-scenario.ts DIRECTORY`, on a small tmpfs of its own. */
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { at, expectStatus, group, location, vaultBody, vaults } from '../control-plane/resources.ts';
import type { Answered } from '../world/client.ts';
import { startPostern } from '../world/process.ts';

const [, , directory = ''] = process.argv;
const ballast = openSync(join(directory, 'ballast'), 'w');
const vaultCount = 120;

function fillDisk(): void {
  for (const size of [1 << 20, 1 << 12]) {
    try {
      for (;;) writeSync(ballast, Buffer.alloc(size), 0, size, fstatSync(ballast).size);
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'ENOSPC', String(error));
    }
  }
}

/** Makes room for that many bytes. */
function makeRoom(bytes: number): void {
  ftruncateSync(ballast, Math.max(0, fstatSync(ballast).size - bytes));
}

async function until(check: () => Promise<boolean>, what: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 100) {
    if (await check()) return;
    await sleep(100);
  }
  throw new Error(`waited in vain: ${what}`);
}

await using world = await startPostern(['--data', join(directory, 'data'), '--no-demo']);
const { client } = world;

async function makeVaults(): Promise<void> {
  expectStatus(await client.arm('PUT', group, { location }), 201);
  const names = Array.from({ length: vaultCount }, (_, index) => `kv-full-${index}`);
  await Promise.all(
    names.map(async (name) => expectStatus(await client.arm('PUT', `${vaults}/${name}`, vaultBody(client)), 200)),
  );
}

/** Repeats a request with a little more room each time, until there is just enough to accept it. */
async function acceptedWithLittleRoom(method: string, path: string): Promise<Answered> {
  for (;;) {
    fillDisk();
    makeRoom(16_384);
    const answered = await client.arm(method, path);
    if (answered.status !== 503) return expectStatus(answered, 202);
    makeRoom(262_144);
    const more = await client.arm(method, path);
    if (more.status !== 503) return expectStatus(more, 202);
  }
}

async function statusOf(accepted: Answered): Promise<number> {
  return (await client.send(String(accepted.headers.location), { token: await client.token('arm') })).status;
}

/** Changes the directory with no room at all. */
async function changeDirectory(): Promise<void> {
  const token = await client.token('https://graph.microsoft.com');
  const body = { displayName: 'a', mailEnabled: false, mailNickname: 'a', securityEnabled: true };
  for (;;) {
    fillDisk();
    const {
      status,
      headers,
      body: refused,
    } = await client.send(`${client.home}/v1.0/groups`, { method: 'POST', token, body });
    // The database may still have room inside it.
    if (status === 201) continue;
    assert.equal(status, 503, JSON.stringify(refused));
    assert.equal(headers['retry-after'], '5');
    assert.equal(at(refused, 'error', 'code'), 'ServiceUnavailable');
    return;
  }
}

await makeVaults();
await changeDirectory();
const deletion = await acceptedWithLittleRoom('DELETE', group);
fillDisk();
// Long enough for everything that gives up to have done so.
await sleep(4000);
fillDisk();
assert.notEqual(await statusOf(deletion), 200, 'the disk was not full');
assert.equal(at((await client.arm('GET', group)).body, 'properties', 'provisioningState'), 'Deleting');
makeRoom(Infinity);
await until(async () => (await statusOf(deletion)) === 200, 'the end of the deletion of the group');
expectStatus(await client.arm('GET', group), 404);
closeSync(ballast);
await world.end('SIGTERM');
process.stdout.write('done\n');
