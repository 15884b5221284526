import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { certificateWorld, issueMs, selfSigned } from './certificate-world.ts';
import type { CertificateWorld } from './certificate-world.ts';

let world: CertificateWorld;

before(async () => {
  world = await certificateWorld('kv-certificate-policy');
});

after(() => world[Symbol.asyncDispose]());

suite('the key of a certificate', () => {
  const pem = { secret_props: { contentType: 'application/x-pem-file' } };

  /** Another version, made as the policy by itself says: its key's coordinate, and its secret. */
  async function again(name: string) {
    await world.ok('POST', `/certificates/${name}/create`, {}, 202);
    await world.pass(issueMs);
    return versionOfKey(name);
  }

  async function versionOfKey(name: string) {
    const [key, secret] = [await world.ok('GET', `/keys/${name}`), await world.ok('GET', `/secrets/${name}`)];
    return { x: key['key']?.['x'], n: key['key']?.['n'], value: String(secret['value']) };
  }

  test('that may not leave the vault is not that of a version whose key may', async () => {
    const key_props = { kty: 'EC', exportable: false, reuse_key: true };
    await world.issued('kept', selfSigned('CN=kept', { key_props, ...pem }));
    const first = await versionOfKey('kept');
    assert.equal((await again('kept')).x, first.x, 'it is reused as long as it stays in');
    await world.ok('PATCH', '/certificates/kept/policy', { key_props: { exportable: true } });
    const out = await again('kept');
    assert.match(out.value, /PRIVATE KEY/);
    assert.notEqual(out.x, first.x);
    const still = await again('kept');
    assert.equal(still.x, out.x, 'what may leave is reused');
    await world.ok('PATCH', '/certificates/kept/policy', { key_props: { exportable: false } });
    const closed = await again('kept');
    assert.equal(closed.x, out.x);
    assert.doesNotMatch(closed.value, /PRIVATE KEY/);
  });

  test('is reused where it is of the form that the policy asks for, whatever the policy said meanwhile', async () => {
    const reuse_key = true;
    await world.issued('form', selfSigned('CN=form', { key_props: { kty: 'EC', crv: 'P-256', reuse_key } }));
    const first = await versionOfKey('form');
    for (const crv of ['P-384', 'P-256']) await world.ok('PATCH', '/certificates/form/policy', { key_props: { crv } });
    assert.equal((await again('form')).x, first.x);
    await world.ok('PATCH', '/certificates/form/policy', { key_props: { crv: 'P-384' } });
    const other = await again('form');
    assert.notEqual(other.x, first.x);
    await world.ok('PATCH', '/certificates/form/policy', { key_props: { kty: 'RSA' } });
    const rsa = await again('form');
    assert.notEqual(rsa.n, undefined);
    assert.equal((await again('form')).n, rsa.n);
  });
});
