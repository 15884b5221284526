import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Collection } from '../../src/types/collection.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import type { Answered } from '../world/client.ts';
import { differences } from './shapes.ts';
import { acls, networks, putVault } from './vaults.ts';

suite('the comparison with a published shape', () => {
  const secret = { id: 'i', attributes: { enabled: true, created: 1 }, tags: { a: 'b' }, managed: true };

  test('accepts the members of the model, and any tags', () => {
    assert.deepEqual(differences('secrets', 'SecretBundle', secret), []);
  });

  test('finds members that the model does not have, at any depth', () => {
    const attributes = { ...secret.attributes, secure: true };
    const page = { value: [secret, { ...secret, attributes, value: 'v' }], nextLink: null };
    assert.deepEqual(differences('secrets', '_SecretListResult', page), [
      '.value[1].attributes.secure is unknown',
      '.value[1].value is unknown',
    ]);
    assert.deepEqual(differences('keys', 'KeyVaultError', { error: { code: 'c', inner: {} } }), [
      '.error.inner is unknown',
    ]);
  });

  test('finds required members that the answer does not have', () => {
    assert.deepEqual(differences('keys', 'RandomBytes', {}), ['.value is missing']);
    assert.deepEqual(differences('certificates', 'IssuerBundle', {}), []);
  });
});

suite('answers with all their members have the published shape', () => {
  let world: TestServer;

  before(async () => {
    world = await startServerWith({
      config: { softDelete: { transitionMs: 0 }, certificates: { issueMs: 0 } },
    });
    await putVault(world.client, 'kv-shapes', { networkAcls: acls.deny, sku: { family: 'A', name: 'premium' } });
  });

  after(() => world[Symbol.asyncDispose]());

  async function has(collection: Collection, model: string, asked: readonly [string, string, unknown?]) {
    const [method, path, body] = asked;
    const from = networks.allowed;
    const answer = await world.client.vault('kv-shapes', method, path, { from, ...(body !== undefined && { body }) });
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    assert.deepEqual(differences(collection, model, answer.body), []);
    return answer;
  }

  test('secrets', async () => {
    const attributes = { enabled: true, nbf: 1, exp: 4_000_000_000 };
    const set = { value: 'v', contentType: 'text/plain', tags: { a: 'b' }, attributes };
    await has('secrets', 'SecretBundle', ['PUT', '/secrets/full', set]);
    await has('secrets', 'SecretBundle', ['PUT', '/secrets/full', set]);
    await has('secrets', 'SecretBundle', ['GET', '/secrets/full']);
    const page = await has('secrets', '_SecretListResult', ['GET', '/secrets/full/versions?maxresults=1']);
    assert.match(String(page.body['nextLink']), /skiptoken/);
  });

  test('keys', async () => {
    const policy = { data: Buffer.from('{"version":"1.0.0","anyOf":[]}').toString('base64url') };
    const made = { attributes: { exportable: true, nbf: 1, exp: 4_000_000_000 }, tags: { a: 'b' }, key_ops: ['sign'] };
    const exportable = { ...made, kty: 'EC-HSM', release_policy: policy };
    await has('keys', 'KeyBundle', ['POST', '/keys/exportable/create', exportable]);
    await has('keys', 'KeyBundle', ['POST', '/keys/rsa/create', { kty: 'RSA' }]);
    await has('keys', 'KeyBundle', ['POST', '/keys/oct/create', { kty: 'oct-HSM' }]);
    await has('keys', 'KeyOperationResult', [
      'POST',
      '/keys/oct/encrypt',
      { alg: 'A256GCM', value: 'AAAA', aad: 'AAAA' },
    ]);
    await has('keys', 'DeletedKeyBundle', ['DELETE', '/keys/exportable']);
    await has('keys', '_DeletedKeyListResult', ['GET', '/deletedkeys']);
  });

  test('certificates, their keys and their secrets', async () => {
    const sans = { dns_names: ['a'], emails: ['a@b'], upns: ['u@b'], ipAddresses: ['192.0.2.1'], uris: ['urn:a'] };
    const policy = {
      x509_props: { subject: 'CN=a', sans, ekus: ['1.2.3'], key_usage: ['digitalSignature'], validity_months: 3 },
      key_props: { kty: 'EC', crv: 'P-256', exportable: true, reuse_key: true },
      issuer: { name: 'Self', cty: 'OV-SSL', cert_transparency: false },
      lifetime_actions: [{ trigger: { days_before_expiry: 5 }, action: { action_type: 'AutoRenew' } }],
    };
    const create = { policy, tags: { a: 'b' }, preserveCertOrder: true };
    await has('certificates', 'CertificateOperation', ['POST', '/certificates/whole/create', create]);
    let pending: Answered | undefined;
    while (pending?.body['status'] !== 'completed') {
      pending = await has('certificates', 'CertificateOperation', ['GET', '/certificates/whole/pending']);
    }
    await has('certificates', 'CertificateBundle', ['GET', '/certificates/whole']);
    await has('certificates', 'CertificatePolicy', ['GET', '/certificates/whole/policy']);
    await has('certificates', '_CertificateListResult', ['GET', '/certificates/whole/versions']);
    await has('keys', 'KeyBundle', ['GET', '/keys/whole']);
    await has('keys', '_KeyListResult', ['GET', '/keys']);
    await has('secrets', 'SecretBundle', ['GET', '/secrets/whole']);
    await has('secrets', '_SecretListResult', ['GET', '/secrets']);
    await has('certificates', 'DeletedCertificateBundle', ['DELETE', '/certificates/whole']);
    await has('secrets', 'DeletedSecretBundle', ['GET', '/deletedsecrets/whole']);
  });
});
