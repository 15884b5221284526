import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { OpensslFolder } from './certificate-files.ts';
import { certificateWorld } from './certificate-world.ts';
import type { CertificateWorld } from './certificate-world.ts';

let world: CertificateWorld;

before(async () => {
  world = await certificateWorld('kv-authorities');
});

after(() => world[Symbol.asyncDispose]());

const usage = ['keyCertSign', 'crlSign'];

function policy(issuer: string, constraints?: object): object {
  const x509_props = { subject: 'CN=Own', key_usage: usage, ...(constraints && { basic_constraints: constraints }) };
  return { issuer: { name: issuer }, key_props: { kty: 'EC' }, x509_props };
}

async function constraintsOf(openssl: OpensslFolder, cer: unknown): Promise<string> {
  openssl.certificate('c.pem', cer);
  return openssl.run('x509', '-in', 'c.pem', '-noout', '-ext', 'basicConstraints');
}

const asked = [
  ['is one if its policy says so', { ca: true }, { ca: true }, /: critical\n {4}CA:TRUE\n$/],
  [
    'says how many may follow',
    { ca: true, path_len_constraint: 2 },
    { ca: true, path_len_constraint: 2 },
    /: critical\n {4}CA:TRUE, pathlen:2\n$/,
  ],
  ['is not one because its key may sign certificates', undefined, { ca: false }, /: \n {4}CA:FALSE\n$/],
  ['is not one if its policy says so', { ca: false }, { ca: false }, /: \n {4}CA:FALSE\n$/],
] as const;

suite('a certificate of an authority', () => {
  for (const [index, [title, sent, shown, extension]] of asked.entries()) {
    test(title, async () => {
      using openssl = new OpensslFolder();
      const certificate = await world.issued(`own-${index}`, policy('Self', sent));
      assert.deepEqual(certificate['policy']?.['x509_props']?.['basic_constraints'], shown);
      assert.match(await constraintsOf(openssl, certificate['cer']), extension);
    });
  }

  test('is not made by an issuer of the provider Test, whatever its request asks for', async () => {
    using openssl = new OpensslFolder();
    await world.ok('PUT', '/certificates/issuers/test', { provider: 'Test' });
    const certificate = await world.issued('issued', policy('test', { ca: true }));
    const pending = await world.ok('GET', '/certificates/issued/pending');
    openssl.write('request.der', Buffer.from(String(pending['csr']), 'base64'));
    const request = await openssl.run('req', '-inform', 'DER', '-in', 'request.der', '-noout', '-text');
    assert.match(request, /X509v3 Basic Constraints: critical\n\s+CA:TRUE\n/);
    assert.match(await constraintsOf(openssl, certificate['cer']), /: \n {4}CA:FALSE\n$/);
  });

  for (const [index, extension] of ['CA:TRUE', 'CA:TRUE,pathlen:0', 'CA:FALSE', ''].entries()) {
    test(`that is imported keeps its own basic constraints: ${extension || 'none'}`, async () => {
      using openssl = new OpensslFolder();
      const added = extension === '' ? [] : ['-addext', `basicConstraints=critical,${extension}`];
      openssl.write('empty.cnf', '[req]\ndistinguished_name=dn\n[dn]\n');
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem'];
      const made = ['-config', 'empty.cnf', '-subj', '/CN=Elsewhere', '-days', '9', '-out', 'cer.pem'];
      await openssl.run('req', '-x509', ...key, ...added, ...made);
      const value = `${openssl.read('key.pem').toString()}${openssl.read('cer.pem').toString()}`;
      const imported = await world.ok('POST', `/certificates/imported-${index}/import`, { value });
      const ca = extension.startsWith('CA:TRUE');
      assert.deepEqual(imported['policy']?.['x509_props']?.['basic_constraints'], {
        ca,
        ...(extension.includes('pathlen') && { path_len_constraint: 0 }),
      });
    });
  }
});
