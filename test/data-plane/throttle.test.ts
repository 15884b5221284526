import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { surcharge, Throttle, transactionOf } from '../../src/data-plane/throttle.ts';
import { startServer, startServerWith } from '../world/server.ts';
import { auditRecords, errorBody, putVault } from './vaults.ts';

const vault = { incarnation: 'a', subscriptionId: 's' };
const one = { class: 'general', weight: 1 } as const;
const limits = { general: 3, hsm: 2, softwareCreate: 2, hsmCreate: 1 };

suite('the throttle', () => {
  test('takes as many transactions as the limit says in a window, and begins anew in the next', () => {
    const throttle = new Throttle(limits);
    for (let count = 0; count < 3; count += 1) assert.equal(throttle.take(vault, one, 20_000 + count), undefined);
    const refused = throttle.take(vault, one, 23_001);
    assert.deepEqual(refused, { reason: 'VaultRequestTypeLimitReached', retryAfterSeconds: 7 });
    assert.deepEqual(throttle.take(vault, one, 29_999)?.retryAfterSeconds, 1);
    assert.equal(throttle.take(vault, one, 30_000), undefined);
  });

  test('counts the classes and the vaults apart, and a subscription five times as far', () => {
    const throttle = new Throttle(limits);
    const full = (incarnation: string) => {
      for (let count = 0; count < 3; count += 1) {
        assert.equal(throttle.take({ ...vault, incarnation }, one, 0), undefined, incarnation);
      }
    };
    for (const incarnation of ['a', 'b', 'c', 'd', 'e']) full(incarnation);
    assert.equal(throttle.take(vault, { class: 'hsm', weight: 1 }, 0), undefined);
    const sixth = throttle.take({ ...vault, incarnation: 'f' }, one, 0);
    assert.equal(sixth?.reason, 'SubscriptionRequestTypeLimitReached');
    assert.equal(throttle.take({ incarnation: 'f', subscriptionId: 'other' }, one, 0), undefined);
  });

  test('does not count what it refuses: a lighter one still fits', () => {
    const throttle = new Throttle(limits);
    assert.equal(throttle.take(vault, { class: 'general', weight: 2 }, 0), undefined);
    assert.notEqual(throttle.take(vault, { class: 'general', weight: 2 }, 0), undefined);
    assert.equal(throttle.take(vault, one, 0), undefined);
    assert.notEqual(throttle.take(vault, one, 0), undefined);
  });

  test('knows what an operation counts for by its name, its body and its key', () => {
    assert.deepEqual(transactionOf('SecretGet', undefined), one);
    assert.deepEqual(transactionOf('KeySign', { kty: 'RSA-HSM' }), one);
    assert.equal(transactionOf('KeyCreate', { kty: 'RSA' }).class, 'softwareCreate');
    assert.equal(transactionOf('KeyCreate', { kty: 'EC-HSM' }).class, 'hsmCreate');
    const policy = { key_props: { kty: 'RSA-HSM' } };
    assert.equal(transactionOf('CertificateCreate', { policy }).class, 'hsmCreate');
    assert.equal(transactionOf('CertificateCreate', {}).class, 'softwareCreate');
    assert.equal(surcharge('KeySign', { type: 'RSA', size: 2048 }), undefined);
    assert.deepEqual(surcharge('KeySign', { type: 'RSA', size: 4096 }), { class: 'general', weight: 7 });
    assert.deepEqual(surcharge('KeySign', { type: 'RSA-HSM', size: 3072 }), { class: 'hsm', weight: 4 });
    assert.equal(surcharge('KeyCreate', { type: 'RSA-HSM', size: 3072 }), undefined);
    assert.equal(surcharge('SecretGet', undefined), undefined);
  });
});

suite('a server', () => {
  test('that is told to throttle answers 429 with the time to wait, writes it down, and goes on in the next window', async () => {
    await using world = await startServerWith({
      config: { throttling: { general: 5 } },
    });
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

  test('throttles after the permission: who may do nothing here uses nothing up', async () => {
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
});
