import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { OpensslFolder, signedByOpenssl } from './certificate-files.ts';
import { certificateWorld, dayMs, issueMs, selfSigned, versionOf } from './certificate-world.ts';
import type { CertificateWorld } from './certificate-world.ts';
import { members, transitionMs } from './vaults.ts';

let world: CertificateWorld;

before(async () => {
  world = await certificateWorld('kv-certificate-policy');
});

after(() => world[Symbol.asyncDispose]());

suite('the policy of a certificate', () => {
  const unsigned = { issuer: { name: 'Unknown' } };
  const patch = { x509_props: { subject: 'CN=patched', validity_months: 3 } };
  const subjectIn = async (name: string) =>
    (await world.ok('GET', `/certificates/${name}/policy`))['x509_props']?.['subject'];

  /** The contents of the certificate itself. */
  const certified = async (name: string) =>
    new X509Certificate(Buffer.from(String((await world.ok('GET', `/certificates/${name}`))['cer']), 'base64')).subject;

  test('that changes while the first version is made is kept, but the version is made by the earlier policy', async () => {
    await world.ok('POST', '/certificates/during/create', { policy: selfSigned('CN=first') }, 202);
    const changed = await world.ok('PATCH', '/certificates/during/policy', patch);
    assert.deepEqual(await world.ok('GET', '/certificates/during/policy'), changed);
    await world.pass(issueMs);
    assert.deepEqual(await world.ok('GET', '/certificates/during/policy'), changed);
    assert.equal(await certified('during'), 'CN=first');
    await world.ok('POST', '/certificates/during/create', {}, 202);
    await world.pass(issueMs);
    assert.equal(await certified('during'), 'CN=patched');
  });

  test('is that of the next version as soon as its operation begins, even if that fails', async () => {
    await world.issued('next', selfSigned('CN=one'));
    await world.ok('POST', '/certificates/next/create', { policy: selfSigned('CN=two') }, 202);
    assert.equal(await subjectIn('next'), 'CN=two');
    assert.equal(await certified('next'), 'CN=one');
    await world.ok('PATCH', '/certificates/next/policy', patch);
    await world.pass(issueMs);
    assert.equal(await certified('next'), 'CN=two');
    assert.equal(await subjectIn('next'), 'CN=patched');

    await world.ok('POST', '/certificates/next/create', { policy: selfSigned('CN=three') }, 202);
    await world.ok('PATCH', '/certificates/next/pending', { cancellation_requested: true });
    await world.pass(issueMs);
    assert.equal((await world.ok('GET', '/certificates/next/pending'))['status'], 'cancelled');
    assert.equal(await subjectIn('next'), 'CN=three');
    assert.equal(await certified('next'), 'CN=two');
  });

  test('is kept when a certificate is merged that an earlier policy requested', async () => {
    using openssl = new OpensslFolder();
    const begun = await world.ok(
      'POST',
      '/certificates/merged/create',
      { policy: selfSigned('CN=asked', unsigned) },
      202,
    );
    await world.ok('PATCH', '/certificates/merged/policy', { ...patch, key_props: { exportable: false } });
    const { leaf } = await signedByOpenssl(openssl, begun['csr']);
    const merged = await world.ok('POST', '/certificates/merged/pending/merge', { x5c: [leaf] }, 201);
    assert.equal(merged['policy']?.['x509_props']?.['subject'], 'CN=patched');
    assert.equal(merged['policy']?.['key_props']?.['exportable'], false);
    const key = await world.ok('GET', '/keys/merged');
    assert.equal(key['attributes']?.['exportable'], true, 'the key is that of the operation');
  });

  test('is the same for all versions, whichever version it is sent with', async () => {
    const first = await world.issued('older', selfSigned('CN=older'));
    const second = await world.issued('older', selfSigned('CN=newer'));
    const path = `/certificates/older/${versionOf(first)}`;
    const updated = await world.ok('PATCH', path, { policy: patch, tags: { of: 'the first' } });
    assert.deepEqual(members(updated['tags']), { of: 'the first' });
    assert.equal(await subjectIn('older'), 'CN=patched');
    assert.equal((await world.ok('GET', '/certificates/older'))['tags'], undefined);
    const current = `/certificates/older/${versionOf(second)}`;
    await world.ok('PATCH', current, { policy: { x509_props: { subject: 'CN=both' } }, tags: { of: 'the second' } });
    assert.equal(await subjectIn('older'), 'CN=both');
    assert.deepEqual(members((await world.ok('GET', current))['tags']), { of: 'the second' });
    assert.deepEqual(members((await world.ok('GET', path))['tags']), { of: 'the first' });
  });

  test('has the alternative names that were sent, and none if none were', async () => {
    const sansIn = async (name: string) =>
      members((await world.ok('GET', `/certificates/${name}/policy`))['x509_props'])['sans'];
    const create = (name: string, more: object) =>
      world.ok(
        'POST',
        `/certificates/${name}/create`,
        { policy: { ...selfSigned('CN=n'), x509_props: { subject: 'CN=n', ...more } } },
        202,
      );
    await create('unnamed', {});
    assert.equal(await sansIn('unnamed'), undefined);
    await world.ok('PATCH', '/certificates/unnamed/policy', patch);
    assert.equal(await sansIn('unnamed'), undefined);
    await create('emptied', { sans: {} });
    assert.deepEqual(await sansIn('emptied'), {});
    await world.ok('PATCH', '/certificates/emptied/policy', { x509_props: { sans: { dns_names: ['n.example'] } } });
    await world.ok('PATCH', '/certificates/emptied/policy', patch);
    assert.deepEqual(await sansIn('emptied'), { dns_names: ['n.example'] });
  });

  test('says whether it is enabled, which has no effect', async () => {
    const enabled = async () => (await world.ok('GET', '/certificates/enabled/policy'))['attributes']?.['enabled'];
    const renewed = {
      lifetime_actions: [{ trigger: { lifetime_percentage: 10 }, action: { action_type: 'AutoRenew' } }],
    };
    const policy = { ...selfSigned('CN=enabled'), ...renewed, attributes: { enabled: false } };
    const first = await world.issued('enabled', policy);
    assert.equal(await enabled(), false);
    assert.equal(first['attributes']?.['enabled'], true);
    await world.ok('PATCH', '/certificates/enabled/policy', patch);
    assert.equal(await enabled(), false, 'what is not mentioned stays');
    await world.pass(40 * dayMs);
    await world.pass(issueMs);
    const second = await world.ok('GET', '/certificates/enabled');
    assert.notEqual(versionOf(second), versionOf(first), 'it is renewed all the same');
    assert.equal(await enabled(), false);
    await world.ok('PATCH', '/certificates/enabled/policy', { attributes: { enabled: true } });
    assert.equal(await enabled(), true);
  });

  test('is recovered and restored with the certificate', async () => {
    await world.issued('moved', selfSigned('CN=moved'));
    await world.ok('POST', '/certificates/moved/create', { policy: selfSigned('CN=next', unsigned) }, 202);
    const policy = await world.ok('GET', '/certificates/moved/policy');
    const { value } = members(await world.ok('POST', '/certificates/moved/backup'));
    await world.ok('DELETE', '/certificates/moved');
    await world.pass(transitionMs);
    assert.deepEqual((await world.ok('GET', '/deletedcertificates/moved'))['policy'], policy);
    await world.ok('POST', '/deletedcertificates/moved/recover');
    await world.pass(transitionMs);
    assert.deepEqual(await world.ok('GET', '/certificates/moved/policy'), policy);
    await world.ok('DELETE', '/certificates/moved');
    await world.pass(transitionMs);
    await world.ok('DELETE', '/deletedcertificates/moved', undefined, 204);
    await world.pass(transitionMs);
    await world.ok('POST', '/certificates/restore', { value });
    assert.deepEqual(await world.ok('GET', '/certificates/moved/policy'), policy);
  });
});

suite('an answer', () => {
  test('about a version has no policy; the answer to a change has the pending operation', async () => {
    const whole = await world.issued('shown', selfSigned('CN=shown'));
    const { policy, pending, ...version } = members(whole);
    assert.notEqual(policy, undefined);
    assert.deepEqual(pending, { id: `${world.origin}/certificates/shown/pending` });
    const path = `/certificates/shown/${versionOf(whole)}`;
    assert.deepEqual(await world.ok('GET', path), version);
    assert.deepEqual(await world.ok('PATCH', path, {}), { ...version, pending });
    assert.deepEqual(await world.ok('PATCH', '/certificates/shown', {}), whole);
    await world.ok('DELETE', '/certificates/shown/pending');
    assert.deepEqual(await world.ok('PATCH', path, {}), version);
    assert.deepEqual(await world.ok('GET', '/certificates/shown'), { ...version, policy });
  });
});

suite('the key of a certificate', () => {
  const pem = { secret_props: { contentType: 'application/x-pem-file' } };

  /** Makes another version by the policy alone. Returns a coordinate of its key, and its secret. */
  async function again(name: string) {
    await world.ok('POST', `/certificates/${name}/create`, {}, 202);
    await world.pass(issueMs);
    return versionOfKey(name);
  }

  async function versionOfKey(name: string) {
    const [key, secret] = [await world.ok('GET', `/keys/${name}`), await world.ok('GET', `/secrets/${name}`)];
    return { x: key['key']?.['x'], n: key['key']?.['n'], value: String(secret['value']) };
  }

  test('that is not exportable is not the key of an exportable version', async () => {
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

  test('is reused if it has the form that the policy asks for, even if the policy changed meanwhile', async () => {
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
