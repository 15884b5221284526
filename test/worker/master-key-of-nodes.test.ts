import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { generateMasterKey, parseMasterKey } from '../../src/crypto/master-key.ts';
import { openKeyRotation } from '../../src/worker/key-rotation.ts';
import { lackingMasterKey } from '../../src/worker/node-details.ts';
import { putVault } from '../data-plane/vaults.ts';
import { startNodes } from '../world/nodes.ts';
import type { TestNode } from '../world/nodes.ts';
import { until } from '../world/process.ts';

function rotationOf({ folder, server }: TestNode) {
  return openKeyRotation({
    ...folder,
    ...server,
    settings: { masterKey: undefined, masterKeyFile: '/keys/master.key', dataFolder: folder.path },
    entry: folder.path,
    readFile: (path) => readFileSync(path, 'utf8'),
    now: Date.now,
  });
}

const refused = (message: RegExp) => (error: unknown) =>
  error instanceof Error && error.name === 'RotationRefused' && message.test(error.message);

test('the master key is rotated once every living node has it, while both serve', async () => {
  await using nodes = await startNodes(['a', 'b']);
  const { a, b } = nodes.of;
  await putVault(a.client, 'kv-sealed');
  const set = (node: TestNode, name: string) =>
    node.client.vault('kv-sealed', 'PUT', `/secrets/${name}`, { body: { value: name } });
  assert.equal((await set(a, 'before')).status, 200);
  const before = a.folder.store.masterKey.id;
  const key = generateMasterKey();
  const next = parseMasterKey(key);
  assert.ok(next.ok);
  const [ofA, ofB] = [await rotationOf(a), await rotationOf(b)];
  await assert.rejects(() => ofA.rotate({ of: 'masterKey', key }), refused(/and b not yet.*run the command .* on b/));
  assert.equal(a.folder.store.masterKey.id, before);
  assert.equal((await set(b, 'between')).status, 200);
  assert.deepEqual(await ofB.rotate({ of: 'masterKey', key }), { from: [before], to: next.masterKey.id });
  for (const name of ['before', 'between']) {
    for (const node of [a, b]) {
      const { status, body } = await node.client.vault('kv-sealed', 'GET', `/secrets/${name}`);
      assert.equal(status, 200, JSON.stringify(body));
    }
  }
  await putVault(a.client, 'kv-later');
  assert.equal((await a.client.vault('kv-later', 'PUT', '/secrets/s', { body: { value: 'v' } })).status, 200);
  assert.equal((await b.client.vault('kv-later', 'GET', '/secrets/s')).status, 200);
  assert.equal(a.folder.store.masterKey.id, next.masterKey.id);
});

test('a node that lacks the key which another has rotated to is not ready, until the command has run on it, too', async () => {
  await using nodes = await startNodes(['a', 'b']);
  const { a, b } = nodes.of;
  await putVault(a.client, 'kv-lacked');
  const set = () => b.client.vault('kv-lacked', 'PUT', '/secrets/s', { body: { value: 'v' } });
  assert.equal((await set()).status, 200);
  assert.equal(await b.server.checks.store(), undefined);
  const key = generateMasterKey();
  const next = parseMasterKey(key);
  assert.ok(next.ok);
  const { id } = next.masterKey;
  // As when it was paused, and did not count as alive.
  await a.folder.store.rotateMasterKey(next.masterKey);
  await until(async () => (await b.server.checks.store()) !== undefined, 'the node that is not ready');
  const why = (await b.server.checks.store()) ?? '';
  assert.match(why, new RegExp(`cannot follow .* sealed under master key ${id}.*"postern master-key rotate"`));
  assert.equal((await set()).status, 503);
  assert.equal(await a.server.checks.store(), undefined);
  await a.folder.node?.say({ masterKeys: [id] });
  const ofB = await rotationOf(b);
  assert.equal((await ofB.rotate({ of: 'masterKey', key })).to, id);
  assert.equal(await b.server.checks.store(), undefined);
  assert.equal((await set()).status, 200);
});

suite('the nodes that lack a key', () => {
  const details = {
    release: '1',
    format: 1,
    agreed: { domain: 'd', rules: 'r', limits: 'l', acceptDeclared: 'f', trustedServices: 't' },
    address: 'x',
    state: 'serving',
  };
  const row = (name: string, masterKeys: readonly string[], seenMs: number) => ({
    id: name,
    name,
    startedMs: 0,
    seenMs,
    details: { ...details, masterKeys },
  });
  const nowMs = 100_000;

  test('are living ones without it, and not this one', () => {
    const nodes = [row('own', [], nowMs), row('has', ['k', 'old'], nowMs), row('lacks', ['old'], nowMs - 9_999)];
    assert.deepEqual(lackingMasterKey('own', 'k', { nowMs, nodes }), ['lacks']);
  });

  test('near miss: a dead one does not count; one of another release whose row cannot be read does', () => {
    const unreadable = { ...row('newer', [], nowMs), details: { something: 'else' } };
    const nodes = [row('dead', ['old'], nowMs - 10_000), unreadable];
    assert.deepEqual(lackingMasterKey('own', 'k', { nowMs, nodes }), ['newer']);
  });
});
