/** Run by `audit-unavailable.test.ts` as `audit-unavailable-scenario.ts DIRECTORY`, on a tmpfs of 64 KiB that is its own. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { linesOf } from '../audit/log-lines.ts';
import type { Answered, Sent } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import { acls, errorBody, networks, putVault, transitionMs, vaultPath } from './vaults.ts';

const [, , directory = ''] = process.argv;
const auditDirectory = join(directory, 'audit');
const ballast = join(directory, 'ballast');
const vault = 'kv-full';
const secret = 'a value that nobody is told';

await using world = await startServerWith({ auditDirectory });
const { client } = world;
await putVault(client, vault, { networkAcls: acls.deny });
const ask = (method: string, path: string, sent: Sent = {}) =>
  client.vault(vault, method, path, { from: networks.allowed, ...sent });
for (const name of ['there', 'deleted']) {
  assert.equal((await ask('PUT', `/secrets/${name}`, { body: { value: secret } })).status, 200);
}
assert.equal((await ask('DELETE', '/secrets/deleted')).status, 200);
world.advance(transitionMs);

// The record of a change would share a write with another record, which then fails although it would fit alone.
while ((await world.folder.store.list({ prefix: 'outbox/', limit: 1 })).length > 0) await pause(20);

/** Fills the rest of the disk, and sends requests until the last block of the log is full. */
async function fill(): Promise<void> {
  for (let size = 48 << 10; size >= 1024; size >>= 1) {
    try {
      writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'ENOSPC', String(error));
    }
  }
  for (let count = 0; count < 200; count += 1) if ((await ask('GET', '/secrets')).status === 503) return;
  throw new Error('the disk did not get full');
}

const unavailable = errorBody(
  'ServiceUnavailable',
  'The audit record of this request cannot be written, so nothing was disclosed and nothing changed.',
);

function assertUnavailable(answer: Answered, what: string): void {
  assert.equal(answer.status, 503, `${what}: ${JSON.stringify(answer.body)}`);
  assert.deepEqual(answer.body, unavailable, what);
  assert.equal(answer.headers['retry-after'], '5', what);
  assert.ok(!JSON.stringify(answer.headers).includes(secret), what);
}

const body = { value: 'another' };
const requests: readonly (readonly [method: string, path: string, sent?: Sent])[] = [
  ['GET', '/secrets/there'],
  ['GET', '/secrets'],
  ['GET', '/secrets/there/versions'],
  ['GET', '/deletedsecrets'],
  ['GET', '/deletedsecrets/deleted'],
  ['PUT', '/secrets/new', { body }],
  ['PUT', '/secrets/there', { body }],
  ['PATCH', '/secrets/there', { body: { contentType: 'changed' } }],
  ['DELETE', '/secrets/there'],
  ['POST', '/deletedsecrets/deleted/recover'],
  ['DELETE', '/deletedsecrets/deleted'],
  // A refusal is not answered unless it is recorded.
  ['GET', '/secrets/missing'],
  ['GET', '/secrets/there', { from: networks.refused }],
  ['GET', '/secrets/there', { token: undefined }],
];

await fill();
for (const [method, path, sent] of requests) assertUnavailable(await ask(method, path, sent), `${method} ${path}`);
assert.equal((await client.arm('DELETE', vaultPath(vault))).status, 503);

rmSync(ballast);
assert.equal((await ask('GET', '/secrets/there')).body['value'], secret);
assert.equal((await ask('GET', '/secrets/there')).body['contentType'], undefined);
assert.equal((await ask('GET', '/deletedsecrets/deleted')).status, 200);
assert.equal((await ask('GET', '/secrets/new')).status, 404);
assert.equal((await ask('PUT', '/secrets/new', { body })).status, 200);
assert.ok(linesOf(auditDirectory).length > 0);
process.stdout.write('done\n');
