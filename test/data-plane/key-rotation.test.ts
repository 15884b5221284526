import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { newKeyVersion } from '../../src/objects/keys/key.ts';
import { objectKeys } from '../../src/objects/object.ts';
import { duePrefix } from '../../src/schedule/due.ts';
import { encode } from '../../src/store/store.ts';
import { storedVault } from '../control-plane/resources.ts';
import { scope } from '../objects/vault.ts';
import type { Answered, Json } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { auditRecords, items, managedBody, members, newClient, putVault, transitionMs, vaultPath } from './vaults.ts';

const day = 86_400_000;
let world: TestServer;

before(async () => {
  world = await startServerWith({ still: true });
});

after(() => world[Symbol.asyncDispose]());

/** A vault of that name, for requests after the clock has moved on. */
async function vaultOf(vault: string) {
  const client = newClient(world);
  await putVault(client, vault);
  return keysOf(vault);
}

function keysOf(vault: string) {
  const client = newClient(world);
  const send = (method: string, path: string, body?: unknown): Promise<Answered> =>
    client.vault(vault, method, path, body === undefined ? {} : { body });
  const ok = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await send(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    client,
    send,
    ok,
    create: (name: string, body: object = { kty: 'EC' }) => ok('POST', `/keys/${name}/create`, body),
    versions: async (name: string) => items(await ok('GET', `/keys/${name}/versions`)).length,
  };
}

const run = () => world.server.scheduler.runDue();
const seconds = () => Math.floor(world.now() / 1000);

function rotate(trigger: object, expiryTime?: string): object {
  return {
    lifetimeActions: [{ trigger, action: { type: 'Rotate' } }],
    attributes: { ...(expiryTime !== undefined && { expiryTime }) },
  };
}

/** Due records of the vault's keys. */
async function due(vault: string): Promise<readonly string[]> {
  const { incarnation } = (await storedVault(world, vault)).vault;
  const records = await world.folder.store.list({ prefix: duePrefix, limit: 1000 });
  return records.map(({ key }) => key).filter((key) => key.includes(`/rotateKey/${incarnation}/keys/`));
}

suite('a rotation on request', () => {
  test('makes another key of the same type, for the same purposes', async () => {
    const { create, ok } = await vaultOf('kv-asked');
    const asked = { kty: 'EC', crv: 'P-521', key_ops: ['sign'], tags: { a: 'b' } };
    const first = await create('turned', { ...asked, attributes: { nbf: 100, exp: 4_000_000_000 } });
    const second = await ok('POST', '/keys/TURNED/rotate');
    const { kid, x, y, ...jwk } = members(second['key']);
    assert.notEqual(kid, first['key']?.['kid']);
    assert.notEqual(x, first['key']?.['x']);
    assert.equal(typeof y, 'string');
    assert.deepEqual(jwk, { kty: 'EC', crv: 'P-521', key_ops: ['sign'] });
    assert.deepEqual(second['tags'], { a: 'b' });
    const { nbf, exp, enabled } = members(second['attributes']);
    assert.deepEqual({ nbf, exp, enabled }, { nbf: undefined, exp: undefined, enabled: true });
    assert.deepEqual(await ok('GET', '/keys/turned'), second);
    const version = String(first['key']?.['kid']).split('/').at(-1);
    assert.deepEqual(await ok('GET', `/keys/turned/${version}`), first);
  });

  test('does not enable a disabled key', async () => {
    const { create, ok } = await vaultOf('kv-off');
    await create('off', { kty: 'EC', attributes: { enabled: false } });
    assert.equal((await ok('POST', '/keys/off/rotate'))['attributes']?.['enabled'], false);
  });

  test('is refused for a deleted key', async () => {
    const { create, ok, send } = await vaultOf('kv-no-turn');
    await create('gone');
    await ok('DELETE', '/keys/gone');
    for (const wait of [0, transitionMs]) {
      world.advance(wait);
      assert.equal((await send('POST', '/keys/gone/rotate')).status, 404);
    }
  });
});

suite('a rotation policy', () => {
  test('is returned as it was set, with the notification that Azure adds', async () => {
    const { create, ok, client } = await vaultOf('kv-policy');
    await create('k');
    const id = `${client.vaultOrigin('kv-policy')}/keys/k/rotationpolicy`;
    const notify = { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } };
    assert.deepEqual(await ok('GET', '/keys/k/rotationpolicy'), { id, lifetimeActions: [notify], attributes: {} });
    const created = seconds();
    const set = {
      lifetimeActions: [{ trigger: { timeAfterCreate: 'P2M', timeBeforeExpiry: null }, action: { type: 'rotate' } }],
      attributes: { expiryTime: 'P1Y' },
    };
    const expected = {
      id,
      lifetimeActions: [{ trigger: { timeAfterCreate: 'P2M' }, action: { type: 'Rotate' } }, notify],
      attributes: { expiryTime: 'P1Y', created, updated: created },
    };
    assert.deepEqual(await ok('PUT', '/keys/K/rotationpolicy', set), expected);
    assert.deepEqual(await ok('GET', '/keys/k/rotationpolicy'), expected);
    world.advance(5000);
    const other = await ok('PUT', '/keys/k/rotationpolicy', { lifetimeActions: [notify] });
    assert.deepEqual(other, { id, lifetimeActions: [notify], attributes: { created, updated: created + 5 } });
  });

  test('belongs to the key: new versions expire as it says, and the key keeps it', async () => {
    const { create, ok, send } = await vaultOf('kv-under');
    assert.equal((await create('k'))['attributes']?.['exp'], undefined);
    const policy = await ok('PUT', '/keys/k/rotationpolicy', rotate({ timeAfterCreate: 'P30D' }, 'P90D'));
    const exp = async (made: Promise<Json>) => (await made)['attributes']?.['exp'];
    assert.equal(await exp(create('k')), seconds() + 90 * 86_400);
    assert.equal(await exp(create('k', { kty: 'EC', attributes: { exp: 4_000_000_000 } })), 4_000_000_000);
    assert.equal(await exp(ok('POST', '/keys/k/rotate')), seconds() + 90 * 86_400);
    const key = { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA' };
    assert.equal(await exp(ok('PUT', '/keys/k', { key })), seconds() + 90 * 86_400);
    await ok('DELETE', '/keys/k');
    world.advance(transitionMs);
    assert.equal((await send('GET', '/keys/k/rotationpolicy')).status, 404);
    await ok('POST', '/deletedkeys/k/recover');
    world.advance(transitionMs);
    assert.deepEqual(await ok('GET', '/keys/k/rotationpolicy'), policy);
    const { value } = members(await ok('POST', '/keys/k/backup'));
    const there = await vaultOf('kv-under-2');
    await there.ok('POST', '/keys/restore', { value });
    const { id: _, ...restored } = members(await there.ok('GET', '/keys/k/rotationpolicy'));
    assert.deepEqual(restored, { lifetimeActions: policy['lifetimeActions'], attributes: policy['attributes'] });
    assert.equal((await due('kv-under-2')).length, 1);
  });
});

suite('a key is rotated automatically', () => {
  test('when it is due and not before, each time', async () => {
    const { create, ok } = await vaultOf('kv-due');
    await create('k');
    await ok('PUT', '/keys/k/rotationpolicy', rotate({ timeAfterCreate: 'P30D' }, 'P90D'));
    for (const expected of [2, 3]) {
      const { created } = members((await keysOf('kv-due').ok('GET', '/keys/k'))['attributes']);
      world.advance(Number(created) * 1000 + 30 * day - 1 - world.now());
      await run();
      assert.equal(await keysOf('kv-due').versions('k'), expected - 1);
      world.advance(1);
      await run();
      assert.equal(await keysOf('kv-due').versions('k'), expected);
      const { attributes } = await keysOf('kv-due').ok('GET', '/keys/k');
      assert.equal(attributes?.['created'], seconds());
      assert.equal(attributes?.['exp'], seconds() + 90 * 86_400);
    }
    assert.equal((await due('kv-due')).length, 1);
  });

  test('a set time before it expires, even if its expiry was set later', async () => {
    const { create, ok, versions } = await vaultOf('kv-before');
    await create('k');
    await ok('PUT', '/keys/k/rotationpolicy', rotate({ timeBeforeExpiry: 'P10D' }, 'P30D'));
    assert.deepEqual(await due('kv-before'), []);
    await ok('PATCH', '/keys/k', { attributes: { exp: seconds() + 11 * 86_400 } });
    await run();
    assert.equal(await versions('k'), 1);
    world.advance(day);
    await run();
    const { versions: later } = keysOf('kv-before');
    assert.equal(await later('k'), 2);
  });

  test('once, however long the server was down', async () => {
    const { create, ok } = await vaultOf('kv-late');
    await create('k');
    await ok('PUT', '/keys/k/rotationpolicy', rotate({ timeAfterCreate: 'P7D' }));
    world.advance(100 * day);
    await run();
    await run();
    assert.equal(await keysOf('kv-late').versions('k'), 2);
  });

  test('not if its policy no longer says so, or a newer version exists', async () => {
    const { create, ok } = await vaultOf('kv-no-more');
    for (const name of ['dropped', 'newer']) {
      await create(name);
      await ok('PUT', `/keys/${name}/rotationpolicy`, rotate({ timeAfterCreate: 'P30D' }));
    }
    await ok('PUT', '/keys/dropped/rotationpolicy', { lifetimeActions: [] });
    world.advance(20 * day);
    await keysOf('kv-no-more').create('newer');
    world.advance(10 * day);
    await run();
    const { versions } = keysOf('kv-no-more');
    assert.deepEqual([await versions('dropped'), await versions('newer')], [1, 2]);
    world.advance(20 * day);
    await run();
    assert.equal(await keysOf('kv-no-more').versions('newer'), 3);
  });

  test('not while it is deleted, and when it is recovered', async () => {
    const { create, ok } = await vaultOf('kv-gone');
    await create('k');
    await ok('PUT', '/keys/k/rotationpolicy', rotate({ timeAfterCreate: 'P30D' }));
    await ok('DELETE', '/keys/k');
    world.advance(31 * day);
    await run();
    assert.deepEqual(await due('kv-gone'), []);
    await keysOf('kv-gone').ok('POST', '/deletedkeys/k/recover');
    await run();
    world.advance(transitionMs);
    assert.equal(await keysOf('kv-gone').versions('k'), 1);
    await run();
    assert.equal(await keysOf('kv-gone').versions('k'), 2);
  });

  test('not while its vault is deleted, and when that is recovered', async () => {
    const { create, ok } = await vaultOf('kv-asleep');
    await create('k');
    await ok('PUT', '/keys/k/rotationpolicy', rotate({ timeAfterCreate: 'P30D' }));
    await newClient(world).arm('DELETE', vaultPath('kv-asleep'));
    world.advance(31 * day);
    await run();
    assert.equal((await due('kv-asleep')).length, 1);
    const { identity } = world.client;
    const properties = { tenantId: identity.tenantId, sku: { family: 'A', name: 'standard' }, createMode: 'recover' };
    const recovered = await newClient(world).arm('PUT', vaultPath('kv-asleep'), { location: 'westeurope', properties });
    assert.ok(recovered.status < 300, JSON.stringify(recovered.body));
    world.advance(day);
    await run();
    assert.equal(await keysOf('kv-asleep').versions('k'), 2);
  });

  test('with one audit record, which has no caller and no source', async () => {
    const { create, ok, client } = await vaultOf('kv-recorded');
    await create('Recorded');
    await ok('PUT', '/keys/recorded/rotationpolicy', rotate({ timeAfterCreate: 'P30D' }));
    world.advance(30 * day);
    await run();
    const later = keysOf('kv-recorded');
    const version = String((await later.ok('GET', '/keys/recorded'))['key']?.['kid'])
      .split('/')
      .at(-1);
    const id = `${client.vaultOrigin('kv-recorded')}/keys/Recorded/${version}`;
    const recorded = () =>
      auditRecords(world).filter(
        ({ operationName, properties }) => operationName === 'KeyRotateIfDue' && properties.id === id,
      );
    while (recorded().length === 0) await later.send('GET', '/healthstatus');
    const [record, ...others] = recorded();
    assert.deepEqual(others, []);
    assert.equal(record?.identity, undefined);
    assert.equal(record?.callerIpAddress, undefined);
    assert.deepEqual(record?.properties['keyProperties'], {
      type: 'EC',
      operations: ['sign', 'verify'],
      curve: 'P-256',
      attributes: { enabled: true, hsmPlatform: '0' },
    });
  });
});

suite('the key of a certificate', () => {
  const vault = 'kv-managed';
  before(async () => {
    await vaultOf(vault);
    const { incarnation } = (await storedVault(world, vault)).vault;
    const draft = newKeyVersion(
      { kty: 'oct' },
      { version: 'a'.repeat(32), nowSeconds: seconds(), sku: 'standard', before: undefined },
    );
    assert.ok(draft.ok);
    const material = { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA' } as const;
    const current = { ...draft.value, material, managed: true };
    const keys = objectKeys(scope({ incarnation }), 'keys');
    const deleted = { deletedDate: 1, scheduledPurgeDate: 9_000_000_000 };
    await world.folder.store.transact({
      put: [
        { key: keys.current('live'), value: encode({ name: 'live', current }) },
        { key: keys.deleted('dead'), value: encode({ name: 'dead', current, ...deleted }) },
      ],
    });
  });

  const requests: readonly (readonly [operation: string, method: string, path: string, body?: unknown])[] = [
    ['create', 'POST', '/keys/live/create', { kty: 'EC' }],
    ['import', 'PUT', '/keys/live', { key: { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA' } }],
    ['update', 'PATCH', '/keys/live', { tags: {} }],
    ['update', 'PATCH', `/keys/live/${'a'.repeat(32)}`, { tags: {} }],
    ['rotate', 'POST', '/keys/live/rotate'],
    ['setrotationpolicy', 'PUT', '/keys/live/rotationpolicy', {}],
    ['backup', 'POST', '/keys/live/backup'],
    ['delete', 'DELETE', '/keys/live'],
    ['recover', 'POST', '/deletedkeys/dead/recover'],
    ['purge', 'DELETE', '/deletedkeys/dead'],
    ['create', 'POST', '/keys/dead/create', { kty: 'EC' }],
  ];
  for (const [operation, method, path, body] of requests) {
    test(`is not changed by ${method} ${path}`, async () => {
      const { send } = keysOf(vault);
      const answer = await send(method, path, body);
      assert.equal(answer.status, 403);
      assert.deepEqual(answer.body, managedBody(operation, 'Key'));
    });
  }

  test('is read and used, and shows that it is managed', async () => {
    const { ok } = keysOf(vault);
    assert.equal((await ok('GET', '/keys/live'))['managed'], true);
    assert.equal((await ok('GET', '/deletedkeys/dead'))['managed'], true);
    assert.equal(items(await ok('GET', '/keys'))[0]?.['managed'], true);
    await ok('POST', '/keys/live/wrapkey', { alg: 'A128KW', value: 'AAAAAAAAAAAAAAAAAAAAAA' });
  });
});
