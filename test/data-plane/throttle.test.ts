import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseAddress } from '../../src/address/address.ts';
import { KeyEngineBusy } from '../../src/crypto/key-engine-busy.ts';
import { openKeyEngine } from '../../src/crypto/key-engine.ts';
import type { OperationCard } from '../../src/data-plane/operation.ts';
import { operations } from '../../src/data-plane/operations.ts';
import { documentedLimits, Throttle, transactionOf, withKey } from '../../src/data-plane/throttle.ts';
import type { Transaction } from '../../src/data-plane/throttle.ts';
import type { KeyEngine } from '../../src/types/key.ts';
import { startServer, startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { startOtherNode } from './other-node.ts';
import { auditRecords, errorBody, putVault } from './vaults.ts';

const vault = { incarnation: 'a', subscriptionId: 's' };
const one = { class: 'general', weight: 1 } as const;
const limits = { general: 3, hsm: 2, softwareCreate: 2, hsmCreate: 1, setOrImport: 2 };

/** How many of these are accepted, one after the other, before one is refused. */
function taken(throttle: Throttle, transaction: Transaction, most: number): number {
  for (let count = 0; count < most; count += 1) if (!throttle.take(vault, transaction, { nowMs: 0 }).ok) return count;
  return most;
}

suite('the throttle', () => {
  test('accepts as many transactions as the limit says in a window, and begins again in the next', () => {
    const throttle = new Throttle(limits);
    const take = (nowMs: number) => throttle.take(vault, one, { nowMs });
    for (let count = 0; count < 3; count += 1) assert.equal(take(20_000 + count).ok, true);
    const refused = { ok: false, reason: 'VaultRequestTypeLimitReached' };
    assert.deepEqual(take(23_001), { ...refused, retryAfterSeconds: 7 });
    assert.deepEqual(take(29_999), { ...refused, retryAfterSeconds: 1 });
    assert.equal(take(30_000).ok, true);
  });

  test('counts vaults separately, and allows a subscription five times as many', () => {
    const throttle = new Throttle(limits);
    const take = (incarnation: string, subscriptionId = 's') =>
      throttle.take({ incarnation, subscriptionId }, one, { nowMs: 0 });
    for (const incarnation of ['a', 'b', 'c', 'd', 'e']) {
      for (let count = 0; count < 3; count += 1) assert.equal(take(incarnation).ok, true, incarnation);
    }
    const sixth = { ok: false, reason: 'SubscriptionRequestTypeLimitReached', retryAfterSeconds: 10 };
    assert.deepEqual(take('f'), sixth);
    assert.equal(take('f', 'other').ok, true);
  });

  test('counts transactions with a limit of their own separately', () => {
    const throttle = new Throttle(limits);
    const counts = (['general', 'softwareCreate', 'hsmCreate', 'setOrImport'] as const).map((name) =>
      taken(throttle, { class: name, weight: 1 }, 10),
    );
    assert.deepEqual(counts, [3, 2, 1, 2]);
  });

  test('enforces the documented limits on the sum of software and HSM transactions, as the document counts them', () => {
    const fits = (...row: readonly (readonly [Transaction['class'], number, number])[]) => {
      const throttle = new Throttle(documentedLimits);
      return row.map(([name, weight, most]) => taken(throttle, { class: name, weight }, most));
    };
    assert.deepEqual(fits(['general', 1, 5000]), [4000]);
    assert.deepEqual(fits(['general', 4, 5000]), [1000]);
    assert.deepEqual(fits(['general', 8, 5000]), [500]);
    assert.deepEqual(fits(['hsm', 1, 5000]), [2000]);
    assert.deepEqual(fits(['hsm', 8, 5000]), [250]);
    assert.deepEqual(fits(['hsm', 8, 248], ['hsm', 1, 17]), [248, 16]);
    assert.deepEqual(fits(['hsm', 1, 1000], ['general', 1, 5000]), [1000, 2000]);
  });

  test('counts an HSM transaction at least as much as another, with any limits', () => {
    const throttle = new Throttle({ ...documentedLimits, general: 3 });
    assert.equal(taken(throttle, { class: 'hsm', weight: 1 }, 10), 3);
    assert.equal(taken(throttle, one, 1), 0);
  });

  test('counts a whole request or nothing: a lighter one still fits', () => {
    const throttle = new Throttle(limits);
    const first = throttle.take(vault, one, { nowMs: 0 });
    assert.ok(first.ok);
    const more = throttle.take(vault, { class: 'general', weight: 3 }, { nowMs: 0, before: first.taken });
    assert.ok(more.ok);
    assert.equal(throttle.take(vault, one, { nowMs: 0 }).ok, false);
    throttle.giveBack(more.taken);
    const again = throttle.take(vault, one, { nowMs: 0 });
    assert.ok(again.ok);
    assert.equal(throttle.take(vault, { class: 'general', weight: 4 }, { nowMs: 0, before: again.taken }).ok, false);
    assert.equal(taken(throttle, one, 10), 3);
    // A count from an earlier window does not count in the next.
    assert.equal(
      throttle.take(vault, { class: 'general', weight: 3 }, { nowMs: 10_000, before: again.taken }).ok,
      true,
    );
    assert.equal(throttle.take(vault, one, { nowMs: 10_000 }).ok, false);
  });

  test('has separate limits only for the operations for which the document has one', () => {
    const named = (has: (card: OperationCard) => boolean) => operations.filter(has).map(({ name }) => name);
    assert.deepEqual(named(({ counts }) => counts !== undefined).toSorted(), [
      'CertificateImport',
      'KeyImport',
      'SecretSet',
    ]);
    assert.deepEqual(named(({ makes }) => makes !== undefined).toSorted(), [
      'CertificateCreate',
      'KeyCreate',
      'KeyRotate',
    ]);
  });

  test('counts an operation by the key that it makes or used', () => {
    assert.deepEqual(transactionOf(undefined, undefined), one);
    assert.equal(transactionOf('setOrImport', undefined).class, 'setOrImport');
    assert.equal(transactionOf(undefined, 'RSA').class, 'softwareCreate');
    assert.equal(transactionOf(undefined, 'EC-HSM').class, 'hsmCreate');
    assert.deepEqual(withKey(one, undefined), one);
    assert.deepEqual(withKey(one, { type: 'RSA', size: 2048 }), one);
    assert.deepEqual(withKey(one, { type: 'RSA', size: 4096 }), { class: 'general', weight: 8 });
    assert.deepEqual(withKey(one, { type: 'RSA-HSM', size: 3072 }), { class: 'hsm', weight: 4 });
    assert.deepEqual(withKey(one, { type: 'EC-HSM', curve: 'P-521' }), { class: 'hsm', weight: 1 });
    for (const name of ['hsmCreate', 'setOrImport'] as const) {
      const transaction = { class: name, weight: 1 };
      assert.deepEqual(withKey(transaction, { type: 'RSA-HSM', size: 4096 }), transaction);
    }
  });
});

suite('a server', () => {
  test('that is told to throttle answers 429 with the time to wait, records it, and continues in the next window', async () => {
    await using world = await startServerWith({ still: true, config: { throttling: { general: 5 } } });
    const { client } = world;
    await putVault(client, 'kv-busy');
    const get = () => client.vault('kv-busy', 'GET', '/secrets/none');
    // From the beginning of a window, so that the requests of this test lie within it.
    world.advance(10_000 - (world.now() % 10_000));
    for (let count = 0; count < 5; count += 1) assert.equal((await get()).status, 404);
    const { status, headers, body } = await get();
    assert.equal(status, 429);
    const seconds = Number(headers['retry-after']);
    assert.ok(seconds >= 1 && seconds <= 10, String(headers['retry-after']));
    const message =
      'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached';
    assert.deepEqual(body, errorBody('Throttled', message));
    assert.equal(auditRecords(world).at(-1)?.properties.httpStatusCode, 429);
    world.advance(10_000);
    assert.equal((await get()).status, 404);
  });

  test('throttles after the permission: a caller without permission uses up nothing', async () => {
    await using world = await startServerWith({
      config: { throttling: { general: 1 } },
    });
    const { client } = world;
    await putVault(client, 'kv-closed', { policies: [] });
    for (let count = 0; count < 3; count += 1) {
      assert.equal((await client.vault('kv-closed', 'GET', '/secrets/none')).status, 403);
    }
  });

  test('throttles nothing unless it is told to', async () => {
    await using world = await startServer();
    await putVault(world.client, 'kv-free');
    const all = Array.from({ length: 50 }, () => world.client.vault('kv-free', 'GET', '/secrets/none'));
    assert.deepEqual(new Set((await Promise.all(all)).map(({ status }) => status)), new Set([404]));
  });

  const premium = { sku: { family: 'A', name: 'premium' } };
  const p256 = { kty: 'EC', crv: 'P-256' };
  const p256Hsm = { ...p256, kty: 'EC-HSM' };

  /** Sends requests to a vault of a server with these limits, at the beginning of a window. */
  async function vaultOf(world: TestServer, name: string) {
    await putVault(world.client, name, premium);
    world.advance(10_000 - (world.now() % 10_000));
    return async (method: string, path: string, body?: object) =>
      (await world.client.vault(name, method, path, { body })).status;
  }

  test('counts by the type of the key that is made, even if the body does not name it', async () => {
    await using world = await startServerWith({
      still: true,
      config: { throttling: { hsmCreate: 5, softwareCreate: 3 } },
    });
    const ask = await vaultOf(world, 'kv-made');
    const certificate = (kty: string) => ({
      policy: {
        key_props: { ...p256, kty, exportable: kty === 'EC' },
        x509_props: { subject: 'CN=made' },
        issuer: { name: 'Self' },
      },
    });
    const again = async (name: string) => {
      await ask('DELETE', `/certificates/${name}/pending`);
      return ask('POST', `/certificates/${name}/create`, {});
    };
    assert.equal(await ask('POST', '/keys/hsm/create', p256Hsm), 200);
    assert.equal(await ask('POST', '/keys/hsm/rotate'), 200);
    assert.equal(await ask('POST', '/certificates/hsm-c/create', certificate('EC-HSM')), 202);
    assert.equal(await again('hsm-c'), 202);
    assert.equal(await ask('POST', '/keys/soft/create', p256), 200);
    assert.equal(await ask('POST', '/keys/soft/rotate'), 200);
    assert.equal(await ask('POST', '/certificates/soft-c/create', certificate('EC')), 202);
    assert.equal(await again('soft-c'), 429);
    assert.equal(await ask('POST', '/keys/soft/rotate'), 429);
    assert.equal(await ask('POST', '/keys/hsm/rotate'), 200);
    assert.equal(await again('hsm-c'), 429);
    assert.equal(await ask('POST', '/keys/hsm/rotate'), 429);
    // A request that names no key makes none.
    assert.equal(await ask('POST', '/keys/none/rotate'), 404);
    assert.equal(await ask('POST', '/keys/none/create', {}), 400);
  });

  test('counts nothing for a request that it refuses because of its key', async () => {
    await using world = await startServerWith({ still: true, config: { throttling: { general: 4, hsm: 2 } } });
    const ask = await vaultOf(world, 'kv-weighed');
    assert.equal(await ask('POST', '/keys/hsm/create', p256Hsm), 200);
    for (let count = 0; count < 3; count += 1) assert.equal(await ask('GET', '/keys/none'), 404);
    assert.equal(await ask('GET', '/keys/hsm'), 429);
    assert.equal(await ask('GET', '/keys/none'), 404);
    assert.equal(await ask('GET', '/keys/none'), 429);
    world.advance(10_000);
    assert.equal(await ask('GET', '/keys/hsm'), 200);
    assert.equal(await ask('PATCH', '/keys/hsm', { tags: { a: 'b' } }), 200);
    assert.equal(await ask('DELETE', '/keys/hsm'), 429);
    world.advance(10_000);
    assert.equal(await ask('GET', '/keys/hsm'), 200, 'what was refused did not happen');
  });

  test('counts sets of secrets and imports of keys and certificates together, separately from all others', async () => {
    await using world = await startServerWith({ still: true, config: { throttling: { general: 1, setOrImport: 3 } } });
    const ask = await vaultOf(world, 'kv-set');
    const key = { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url') };
    const set = () => ask('PUT', '/secrets/s', { value: 'v' });
    assert.equal(await set(), 200);
    assert.equal(await ask('PUT', '/keys/k', { key, Hsm: true }), 200);
    assert.equal(await ask('POST', '/certificates/c/import', { value: 'none' }), 400);
    assert.equal(await set(), 429);
    assert.equal(await ask('PUT', '/keys/k', { key, Hsm: true }), 429);
    assert.equal(await ask('POST', '/certificates/c/import', { value: 'none' }), 429);
    assert.equal(await ask('GET', '/secrets/s'), 200);
    assert.equal(await ask('GET', '/secrets/s'), 429);
  });

  const address = parseAddress('203.0.113.7');
  assert.ok(address);
  const source = { kind: 'public', address } as const;

  test('counts a request once, even if it is decided again', async () => {
    await using world = await startServerWith({ still: true });
    const ask = await vaultOf(world, 'kv-again');
    const real = openKeyEngine();
    let made = 0;
    const engine: KeyEngine = {
      ...real,
      async generate(spec) {
        made += 1;
        if (made === 1) await putVault(world.client, 'kv-again', premium);
        return real.generate(spec);
      },
    };
    const throttle = new Throttle({ ...documentedLimits, softwareCreate: 2 });
    await using node = await startOtherNode(world, { source, engine, throttle });
    const create = async () => (await node.vault('kv-again', 'POST', '/keys/k/create', { body: p256 })).status;
    assert.equal(await create(), 200);
    assert.equal(made, 2, 'it was decided again');
    assert.equal(await create(), 200);
    assert.equal(await create(), 429);
    assert.equal(made, 3, 'no key is made for what is refused');
    assert.equal(await ask('GET', '/keys/k'), 200);
  });

  test('that has too many keys waiting answers 429 as well, and does not count the request', async () => {
    await using world = await startServerWith({ still: true });
    await vaultOf(world, 'kv-full');
    const real = openKeyEngine();
    let isBusy = true;
    const busy = { ...real, generate: (...spec: Parameters<KeyEngine['generate']>) => made(...spec) };
    const made: KeyEngine['generate'] = (spec) =>
      isBusy ? Promise.reject(new KeyEngineBusy('1 key')) : real.generate(spec);
    const throttle = new Throttle({ ...documentedLimits, softwareCreate: 1 });
    await using node = await startOtherNode(world, { source, engine: busy, throttle });
    const policy = { x509_props: { subject: 'CN=full' }, issuer: { name: 'Self' }, key_props: p256 };
    for (const [path, body] of [
      ['/keys/k/create', p256],
      ['/certificates/c/create', { policy }],
    ] as const) {
      const refused = await node.vault('kv-full', 'POST', path, { body });
      assert.equal(refused.status, 429);
      assert.equal(refused.body['error']?.['code'], 'Throttled');
      assert.equal(refused.headers['retry-after'], '10');
    }
    isBusy = false;
    assert.equal((await node.vault('kv-full', 'POST', '/keys/k/create', { body: p256 })).status, 200);
  });
});
