import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { certificateWorld, dayMs, issueMs, selfSigned, versionOf } from './certificate-world.ts';
import type { CertificateWorld } from './certificate-world.ts';
import { items, location, members, newClient, transitionMs, vaultPath } from './vaults.ts';
import type { Json } from '../world/client.ts';

let world: CertificateWorld;

before(async () => {
  world = await certificateWorld('kv-life');
});

after(() => world[Symbol.asyncDispose]());

const renewAt = (trigger: object, action_type = 'AutoRenew') => ({
  lifetime_actions: [{ trigger, action: { action_type } }],
});

/** How many times the service did this to the certificate by itself. */
async function acts(name: string, operation: string): Promise<number> {
  const records = await world.records();
  return records.filter(
    ({ operationName, properties }) => operationName === operation && properties.id?.endsWith(`/certificates/${name}`),
  ).length;
}

async function versionsOf(name: string): Promise<number> {
  return items(await world.ok('GET', `/certificates/${name}/versions`)).length;
}

function lifeMs(certificate: Json): number {
  const { nbf, exp } = members(certificate['attributes']);
  return (Number(exp) - Number(nbf)) * 1000;
}

/** Waits until a part of the certificate's life has passed, less some time. */
function until(certificate: Json, part: number, butMs = 0): number {
  const nbf = Number(certificate['attributes']?.['nbf']) * 1000;
  return nbf + lifeMs(certificate) * part - world.server.now() - butMs;
}

suite('a certificate', () => {
  test('is renewed by itself when its policy says so, and not before', async () => {
    const policy = { ...selfSigned('CN=renewed'), ...renewAt({ lifetime_percentage: 50 }) };
    const first = await world.issued('renewed', policy, { tags: { a: 'b' } });
    await world.pass(until(first, 0.5, 2000));
    assert.equal(await acts('renewed', 'CertificateRenew'), 0);
    await world.pass(3000);
    assert.equal(await acts('renewed', 'CertificateRenew'), 1);
    assert.equal((await world.ok('GET', '/certificates/renewed/pending'))['status'], 'inProgress');
    assert.equal(versionOf(await world.ok('GET', '/certificates/renewed')), versionOf(first));
    await world.pass(issueMs);
    const second = await world.ok('GET', '/certificates/renewed');
    assert.notEqual(versionOf(second), versionOf(first));
    assert.deepEqual(second['tags'], { a: 'b' });
    const aYearOn = new Date(Number(second['attributes']?.['created']) * 1000);
    aYearOn.setUTCFullYear(aYearOn.getUTCFullYear() + 1);
    assert.equal(second['attributes']?.['exp'], aYearOn.getTime() / 1000);
    assert.equal(await acts('renewed', 'CertificateEnroll'), 2);
    const keys = await Promise.all([first, second].map((one) => world.ok('GET', `/keys/renewed/${versionOf(one)}`)));
    assert.notEqual(keys[0]?.['key']?.['x'], keys[1]?.['key']?.['x']);
    // The next version is renewed, too.
    await world.pass(until(second, 0.5) + 1000);
    await world.pass(issueMs);
    assert.equal(await versionsOf('renewed'), 3);
  });

  test('keeps its key if the policy says so, and is renewed a number of days before it expires', async () => {
    const key_props = { kty: 'EC', crv: 'P-521', reuse_key: true };
    const policy = { ...selfSigned('CN=kept'), key_props, ...renewAt({ days_before_expiry: 30 }) };
    const first = await world.issued('kept', policy);
    await world.pass(until(first, 1, 30 * dayMs + 1000));
    assert.equal(await acts('kept', 'CertificateRenew'), 0);
    await world.pass(2000);
    await world.pass(issueMs);
    const second = await world.ok('GET', '/certificates/kept');
    assert.notEqual(versionOf(second), versionOf(first));
    assert.notEqual(second['cer'], first['cer']);
    const keys = await Promise.all([first, second].map((one) => world.ok('GET', `/keys/kept/${versionOf(one)}`)));
    assert.deepEqual([keys[0]?.['key']?.['x'], keys[0]?.['key']?.['crv']], [keys[1]?.['key']?.['x'], 'P-521']);
  });

  test('follows a policy that was changed in the meantime', async () => {
    const first = await world.issued('changed', {
      ...selfSigned('CN=changed'),
      ...renewAt({ lifetime_percentage: 90 }),
    });
    const changed = await world.ok('PATCH', '/certificates/changed/policy', {
      ...renewAt({ lifetime_percentage: 20 }),
      x509_props: { subject: 'CN=other', sans: {}, validity_months: 3 },
    });
    assert.deepEqual(changed['lifetime_actions'], renewAt({ lifetime_percentage: 20 }).lifetime_actions);
    assert.deepEqual(await world.ok('GET', '/certificates/changed/policy'), changed);
    assert.equal(changed['key_props']?.['kty'], 'EC');
    await world.pass(until(first, 0.2) + 1000);
    await world.pass(issueMs);
    const second = await world.ok('GET', '/certificates/changed');
    assert.equal(second['policy']?.['x509_props']?.['subject'], 'CN=other');
    assert.ok(lifeMs(second) < 95 * dayMs);
    // The due work of the earlier policy then finds nothing to do.
    await world.ok('PATCH', '/certificates/changed/policy', renewAt({ lifetime_percentage: 99 }));
    await world.pass(until(second, 0.9));
    assert.equal(await versionsOf('changed'), 2);
    await world.pass(until(second, 0.99) + 1000);
    await world.pass(issueMs);
    assert.equal(await versionsOf('changed'), 3);
  });

  test('is announced to its contacts but not renewed if the policy only says so', async () => {
    const policy = { ...selfSigned('CN=told'), ...renewAt({ lifetime_percentage: 10 }, 'EmailContacts') };
    const first = await world.issued('told', policy);
    await world.pass(until(first, 0.1) + 1000);
    await world.pass(dayMs);
    assert.equal(await acts('told', 'CertificateNearExpiryEventGridNotification'), 1);
    await world.ok('PATCH', '/certificates/told', { tags: { a: 'b' } });
    await world.pass(dayMs);
    assert.equal(await acts('told', 'CertificateNearExpiryEventGridNotification'), 1);
    // A new policy that asks for a renewal gets one.
    await world.ok('PATCH', '/certificates/told/policy', renewAt({ lifetime_percentage: 5 }, 'EmailContacts'));
    await world.pass(0);
    assert.equal(await acts('told', 'CertificateNearExpiryEventGridNotification'), 2);
    assert.equal(await acts('told', 'CertificateRenew'), 0);
    assert.equal(await versionsOf('told'), 1);
  });

  test('is not renewed while it is disabled or deleted, but as soon as it is back', async () => {
    const policy = { ...selfSigned('CN=away'), ...renewAt({ lifetime_percentage: 10 }) };
    const first = await world.issued('away', policy);
    await world.ok('PATCH', '/certificates/away', { attributes: { enabled: false } });
    await world.pass(until(first, 0.1) + 1000);
    assert.equal(await acts('away', 'CertificateRenew'), 0);
    await world.ok('DELETE', '/certificates/away');
    await world.pass(dayMs);
    await world.ok('POST', '/deletedcertificates/away/recover');
    await world.pass(transitionMs);
    assert.equal(await acts('away', 'CertificateRenew'), 0);
    await world.ok('PATCH', '/certificates/away', { attributes: { enabled: true } });
    await world.pass(0);
    await world.pass(issueMs);
    assert.equal(await versionsOf('away'), 2);

    const second = await world.ok('GET', '/certificates/away');
    await world.ok('DELETE', '/certificates/away');
    await world.pass(until(second, 0.1) + 1000);
    assert.equal(await acts('away', 'CertificateRenew'), 1);
    await world.ok('POST', '/deletedcertificates/away/recover');
    await world.pass(transitionMs);
    await world.pass(issueMs);
    assert.equal(await versionsOf('away'), 3);
  });

  test('of an issuer is renewed by that issuer; after a failure it is tried again a day later', async () => {
    await world.ok('PUT', '/certificates/issuers/ours', { provider: 'Test' });
    const policy = { ...selfSigned('CN=ours'), issuer: { name: 'ours' }, ...renewAt({ lifetime_percentage: 10 }) };
    const first = await world.issued('ours', policy);
    await world.pass(until(first, 0.1, 100));
    await world.pass(200);
    assert.equal(await acts('ours', 'CertificateRenew'), 1);
    await world.ok('PATCH', '/certificates/issuers/ours', { attributes: { enabled: false } });
    await world.pass(issueMs);
    assert.equal((await world.ok('GET', '/certificates/ours/pending'))['status'], 'failed');
    await world.ok('PATCH', '/certificates/issuers/ours', { attributes: { enabled: true } });
    await world.pass(dayMs - 1000);
    assert.equal(await acts('ours', 'CertificateRenew'), 1);
    await world.pass(2000);
    await world.pass(issueMs);
    assert.equal(await versionsOf('ours'), 2);
  });

  test('is renewed a day later if an operation was in progress, or was deleted', async () => {
    const policy = { ...selfSigned('CN=way'), ...renewAt({ lifetime_percentage: 50 }) };
    const first = await world.issued('way', policy);
    await world.ok('POST', '/certificates/way/create', { policy: { ...policy, issuer: { name: 'Unknown' } } }, 202);
    // By then the policy is that of the operation, which cannot renew.
    await world.ok('PATCH', '/certificates/way/policy', { issuer: { name: 'Self' } });
    await world.pass(until(first, 0.5) + 1000);
    assert.equal(await acts('way', 'CertificateRenew'), 0);
    await world.ok('DELETE', '/certificates/way/pending');
    await world.pass(dayMs);
    assert.equal(await acts('way', 'CertificateRenew'), 1);
    await world.ok('DELETE', '/certificates/way/pending');
    await world.pass(dayMs - 1000);
    assert.equal(await acts('way', 'CertificateRenew'), 1);
    await world.pass(2000);
    await world.pass(issueMs);
    assert.equal(await acts('way', 'CertificateRenew'), 2);
    assert.equal(await versionsOf('way'), 2);
  });

  test('in a deleted vault waits for the vault to come back', async () => {
    const policy = { ...selfSigned('CN=waits'), ...renewAt({ lifetime_percentage: 1 }) };
    const first = await world.issued('waits', policy);
    const arm = async (method: string, body?: unknown) => {
      const { status } = await newClient(world.server).arm(method, vaultPath(world.vault), body);
      assert.equal(status, 200);
    };
    await arm('DELETE');
    await world.pass(until(first, 0.01) + 1000);
    await world.pass(dayMs + 1000);
    const { tenantId } = world.server.client.identity;
    const properties = { tenantId, sku: { family: 'A', name: 'standard' }, createMode: 'recover' };
    await arm('PUT', { location, properties });
    assert.equal(await acts('waits', 'CertificateRenew'), 0);
    await world.pass(dayMs);
    await world.pass(issueMs);
    assert.equal(await acts('waits', 'CertificateRenew'), 1);
    assert.equal(await versionsOf('waits'), 2);
  });
});
