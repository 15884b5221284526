import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { OpensslFolder } from './certificate-files.ts';
import { certificateWorld, issueMs, selfSigned, versionOf } from './certificate-world.ts';
import type { CertificateWorld } from './certificate-world.ts';
import { errorBody, members } from './vaults.ts';
import type { Json } from '../world/client.ts';

const [pem, pkcs12] = ['application/x-pem-file', 'application/x-pkcs12'];

let world: CertificateWorld;

before(async () => {
  world = await certificateWorld('kv-certificate-secrets');
});

after(() => world[Symbol.asyncDispose]());

/** The body of a GET at an API version of the test's own. */
async function get(path: string, apiVersion: string): Promise<Json> {
  const { client } = world.server;
  const url = `${world.origin}${path}?api-version=${apiVersion}`;
  const answer = await client.send(url, { token: await client.token('vault') });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

suite('previousVersion', () => {
  test('of a certificate’s secret is the version before it', async () => {
    const versions: string[] = [];
    for (let n = 0; n < 3; n += 1) versions.push(versionOf(await world.issued('Renewed', selfSigned('CN=renewed'))));
    const [first = '', second = '', third = ''] = versions;
    const previous = async (version: string) =>
      (await get(`/secrets/renewed/${version}`, '2025-07-01'))['previousVersion'];
    assert.equal(await previous(''), second);
    assert.equal(await previous(third), second);
    assert.equal(await previous(second), first);
    assert.equal(await previous(first), undefined, 'nothing was before the first');
  });

  test('is part of the API from 2025-07-01 on', async () => {
    const first = versionOf(await world.issued('known', selfSigned('CN=known')));
    await world.issued('known', selfSigned('CN=known'));
    for (const apiVersion of ['2025-07-01', '2025-07-01-preview', '2026-04-01']) {
      assert.equal((await get('/secrets/known', apiVersion))['previousVersion'], first, apiVersion);
    }
    for (const apiVersion of ['2016-10-01', '7.0', '7.6', '7.6-preview.2', '2025-06-01-preview']) {
      assert.equal((await get('/secrets/known', apiVersion))['previousVersion'], undefined, apiVersion);
    }
  });

  test('is missing for a secret that does not belong to a certificate', async () => {
    for (const value of ['one', 'two']) await world.ok('PUT', '/secrets/plain', { value });
    assert.equal((await get('/secrets/plain', '2025-07-01'))['previousVersion'], undefined);
  });

  test('is restored with the certificate from a backup', async () => {
    const first = versionOf(await world.issued('moved', selfSigned('CN=moved')));
    await world.issued('moved', selfSigned('CN=moved'));
    const { value } = await world.ok('POST', '/certificates/moved/backup').then(members);
    await world.ok('DELETE', '/certificates/moved');
    await world.pass(1000);
    await world.ok('DELETE', '/deletedcertificates/moved', undefined, 204);
    await world.pass(1000);
    await world.ok('POST', '/certificates/restore', { value });
    assert.equal((await get('/secrets/moved', '2025-07-01'))['previousVersion'], first);
  });
});

suite('the secret of a certificate that is not issued yet', () => {
  test('is disabled, and is not found only if the certificate does not exist', async () => {
    const disabled = [
      403,
      errorBody('Forbidden', 'Operation get is not allowed on a disabled secret.', 'SecretDisabled'),
    ] as const;
    const answer = async (path: string) => {
      const { status, body } = await world.send('GET', path);
      return [status, body] as const;
    };
    await world.ok('POST', '/certificates/to-come/create', { policy: selfSigned('CN=to-come') }, 202);
    const version = versionOf(await world.ok('GET', '/certificates/to-come'));
    assert.deepEqual(await answer('/secrets/to-come'), disabled);
    assert.deepEqual(await answer(`/secrets/to-come/${version}`), disabled);
    assert.equal((await answer(`/secrets/to-come/${'0'.repeat(32)}`))[0], 404);
    assert.equal((await answer('/secrets/to-come-2'))[0], 404);
    await world.pass(issueMs);
    await world.ok('GET', `/secrets/to-come/${version}`);
    assert.equal((await answer(`/secrets/to-come/${'0'.repeat(32)}`))[0], 404, 'of one that is issued');

    await world.ok('POST', '/certificates/going/create', { policy: selfSigned('CN=going') }, 202);
    await world.ok('DELETE', '/certificates/going');
    assert.equal((await answer('/secrets/going'))[0], 404);
  });
});

suite('outContentType', () => {
  for (const key of [
    { kty: 'RSA', key_size: 2048 },
    { kty: 'EC', crv: 'P-384' },
  ]) {
    test(`turns into PEM the PKCS #12 file of a certificate with a key of type ${key.kty}`, async () => {
      using openssl = new OpensslFolder();
      const name = `to-pem-${key.kty}`;
      const certificate = await world.issued(name, { ...selfSigned('CN=converted'), key_props: key });
      const stored = await world.ok('GET', `/secrets/${name}`);
      assert.equal(stored['contentType'], pkcs12);
      const { value, ...facts } = await world.ok('GET', `/secrets/${name}?outContentType=${pem}`).then(members);
      const { value: _, ...others } = members(stored);
      assert.deepEqual(facts, { ...others, contentType: pem });
      openssl.write('c.p12', Buffer.from(String(stored['value']), 'base64'));
      await openssl.run('pkcs12', '-in', 'c.p12', '-passin', 'pass:', '-nodes', '-nocerts', '-out', 'key.pem');
      const asOpenssl = createPrivateKey(openssl.read('key.pem')).export({ type: 'pkcs8', format: 'der' });
      assert.deepEqual(createPrivateKey(String(value)).export({ type: 'pkcs8', format: 'der' }), asOpenssl);
      assert.equal(new X509Certificate(String(value)).raw.toString('base64'), certificate['cer']);
      assert.deepEqual(await world.ok('GET', `/secrets/${name}`), stored, 'what is stored stays as it was');
    });
  }

  test('turns into PEM a file that has only the certificate', async () => {
    const policy = { ...selfSigned('CN=kept'), key_props: { kty: 'EC', exportable: false } };
    const certificate = await world.issued('kept', policy);
    const { value } = await world.ok('GET', `/secrets/kept?outContentType=${pem}`);
    assert.doesNotMatch(String(value), /PRIVATE KEY/);
    assert.equal(new X509Certificate(String(value)).raw.toString('base64'), certificate['cer']);
  });

  test('leaves a secret that is stored in that format unchanged', async () => {
    const policy = { ...selfSigned('CN=same'), secret_props: { contentType: pem } };
    await world.issued('same-pem', policy);
    await world.issued('same-p12', selfSigned('CN=same'));
    for (const [name, type] of [
      ['same-pem', pem],
      ['same-p12', pkcs12],
    ]) {
      const asked = await world.ok('GET', `/secrets/${name}?outContentType=${type}`);
      assert.deepEqual(asked, await world.ok('GET', `/secrets/${name}`));
    }
  });

  test('is refused for anything else', async () => {
    await world.issued('refused-pem', { ...selfSigned('CN=r'), secret_props: { contentType: pem } });
    await world.issued('refused-p12', selfSigned('CN=r'));
    await world.ok('PUT', '/secrets/ordinary', { value: 'v', contentType: pem });
    const refusals = [
      [
        'refused-pem',
        pkcs12,
        'The secret is stored as application/x-pem-file, and only PFX to PEM conversion is supported: leave outContentType out.',
      ],
      [
        'refused-p12',
        'text/plain',
        "outContentType is 'text/plain'; it may be application/x-pem-file or application/x-pkcs12.",
      ],
      [
        'ordinary',
        pem,
        'outContentType converts the secret of a certificate, and this is not the secret of a certificate: leave it out.',
      ],
    ];
    for (const [name, type, message = ''] of refusals) {
      const answer = await world.send('GET', `/secrets/${name}?outContentType=${type}`);
      assert.deepEqual([answer.status, answer.body], [400, errorBody('BadParameter', message)]);
    }
  });

  test('does not disclose a disabled secret', async () => {
    await world.issued('disabled', selfSigned('CN=disabled'));
    await world.ok('PATCH', '/certificates/disabled', { attributes: { enabled: false } });
    const answer = await world.send('GET', `/secrets/disabled?outContentType=${pem}`);
    const message = 'Operation get is not allowed on a disabled secret.';
    assert.deepEqual([answer.status, answer.body], [403, errorBody('Forbidden', message, 'SecretDisabled')]);
  });
});
