/** The credential of a declared place, as the supervisor holds it for the connection that asked for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineConnection } from '../../src/lines/ask.ts';
import { HeldBindings } from '../../src/supervisor/held-bindings.ts';
import { control, startSupervisor } from './supervised.ts';

const incarnation = '0a0b0c0d-1111-4222-8333-444455556666';
const place = { subnet: '/s', incarnation, address: '10.0.0.4' };
const declared = { bind: 'declared', ...place };

async function listed(controlSocket: string) {
  const { listeners, bindings } = await control(controlSocket, { list: 'listeners' });
  assert.ok(Array.isArray(listeners) && Array.isArray(bindings));
  return { listeners: listeners.length, bindings: bindings.map(({ id }: { readonly id: unknown }) => id) };
}

async function hold(controlSocket: string) {
  const connection = await LineConnection.open(controlSocket);
  const { ok, id } = JSON.parse(await connection.ask(declared)) as Record<string, unknown>;
  assert.equal(ok, true);
  return { connection, id, [Symbol.dispose]: () => connection[Symbol.dispose]() };
}

test('a credential ends with the connection that asked for it, and no other one does', async (t) => {
  const { controlSocket } = await startSupervisor(t).ready();
  using first = await hold(controlSocket);
  using second = await hold(controlSocket);
  const identity = { bind: 'identity', incarnation, address: '10.0.0.5', identityHeader: 'known' };
  const { id: kept } = await control(controlSocket, identity);
  assert.deepEqual((await listed(controlSocket)).bindings, [first.id, second.id, kept]);
  first.connection[Symbol.dispose]();
  let now = await listed(controlSocket);
  while (now.bindings.length > 2) now = await listed(controlSocket);
  assert.deepEqual(now.bindings, [second.id, kept]);
  // A connection may also have several, and end one of them by its id.
  const more = JSON.parse(await second.connection.ask(declared)) as Record<string, unknown>;
  await second.connection.ask({ unbind: 'declared', id: second.id });
  assert.deepEqual((await listed(controlSocket)).bindings, [kept, more['id']]);
});

test('a credential that is refused opens no port', async (t) => {
  const { controlSocket } = await startSupervisor(t).ready();
  const refused = await control(controlSocket, { ...declared, subnet: '/missing' });
  assert.deepEqual(refused, { ok: false, message: 'there is no such subnet' });
  assert.deepEqual(await listed(controlSocket), { listeners: 0, bindings: [] });
  using held = await hold(controlSocket);
  assert.deepEqual(await listed(controlSocket), { listeners: 1, bindings: [held.id] });
});

test('what a worker has ended with its subnet is held no longer', async () => {
  const bindings = new HeldBindings();
  const bind = (id: string) => {
    const answer = bindings.bind({ id, ...place, tokenDigest: 'd' });
    bindings.bound(id);
    return answer;
  };
  assert.deepEqual([await bind('one'), await bind('two')], [{ ok: true }, { ok: true }]);
  assert.equal(bindings.refused({ id: 'one', message: 'its subnet was deleted' }), true);
  assert.equal(bindings.refused({ id: 'one', message: 'its subnet was deleted' }), false);
  assert.deepEqual(
    bindings.inForce.map(({ id }) => id),
    ['two'],
  );
});
