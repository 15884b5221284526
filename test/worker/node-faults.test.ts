import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreState } from '../../src/health/store-state.ts';
import { recordPut } from '../../src/store/records.ts';
import { NodeFaults } from '../../src/worker/node-faults.ts';
import { release, writtenByKey } from '../../src/worker/upgrade.ts';
import { dataFormat } from '../../src/store/keys.ts';
import { putVault } from '../data-plane/vaults.ts';
import { startNodes } from '../world/nodes.ts';
import { until } from '../world/process.ts';

test('a fault is told once when it begins, when its reason changes, and when it is over', () => {
  const notices: string[] = [];
  const faults = new NodeFaults((message) => void notices.push(message));
  faults.set('masterKey', undefined);
  assert.deepEqual(notices, []);
  for (const why of ['one', 'one', 'two']) faults.set('masterKey', why);
  faults.set('release', 'newer');
  assert.deepEqual(faults.whys, { masterKey: 'two', release: 'newer' });
  faults.set('masterKey', undefined);
  assert.deepEqual(faults.whys, { masterKey: undefined, release: 'newer' });
  assert.deepEqual(notices, ['one', 'two', 'newer', 'This node has the master key of the store again.']);
});

test('a store with a fault is not ready, whether or not a transaction succeeds; unreachable says more', () => {
  const state = new StoreState();
  let [reachable, why] = [true, undefined as string | undefined];
  state.watch(() => ({ reachable, why: 'refused', faults: { masterKey: undefined, release: why } }));
  assert.equal(state.failureAt(0), undefined);
  why = 'written by another';
  assert.equal(state.failureAt(0), 'written by another');
  state.begin(0);
  state.end('committed', 0);
  assert.equal(state.failureAt(0), 'written by another');
  reachable = false;
  assert.equal(state.failureAt(0), 'The database cannot be asked: refused');
});

test('a node is not ready, and answers nothing, while a newer release writes the store', async () => {
  await using nodes = await startNodes(['a', 'b']);
  const { a, b } = nodes.of;
  await putVault(a.client, 'kv-newer');
  const set = () => b.client.vault('kv-newer', 'PUT', '/secrets/s', { body: { value: 'v' } });
  assert.equal((await set()).status, 200);
  const writtenBy = (format: number) =>
    a.folder.store.transact({ put: [recordPut(writtenByKey, { release: '99.0.0', format })] });
  await writtenBy(dataFormat());
  assert.equal((await set()).status, 200);
  await writtenBy(dataFormat() + 1);
  const { status, body } = await set();
  assert.deepEqual([status, body['error']], [503, { code: 'ServiceUnavailable', message: messageIn(body) }]);
  for (const path of ['/secrets/s', '/secrets']) {
    assert.equal((await b.client.vault('kv-newer', 'GET', path)).status, 503);
  }
  const found = `written by Postern 99\\.0\\.0 in format ${dataFormat() + 1}, and this node runs Postern ${release}`;
  for (const { server } of [a, b]) {
    await until(async () => (await server.checks.store()) !== undefined, 'both are not ready');
    assert.match((await server.checks.store()) ?? '', new RegExp(found));
  }
});

function messageIn(body: Readonly<Record<string, unknown>>): unknown {
  const { error } = body;
  return typeof error === 'object' && error !== null && 'message' in error ? error.message : undefined;
}
