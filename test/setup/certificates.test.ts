import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openAzureCertificates, openCertificates, trustedAuthorities } from '../../src/setup/certificates.ts';
import type { ServerCertificates } from '../../src/setup/certificates.ts';
import { readNameConstraints } from '../../src/crypto/certificates/name-constraints.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { encode } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { file, hasOpenssl, openssl } from '../crypto/certificates/openssl.ts';
import { notRun } from '../not-run.ts';

/** Certificates for `localhost` that another implementation created at the time `made`, in a store. */
const older: unknown = JSON.parse(readFileSync(`${import.meta.dirname}/older-certificates.json`, 'utf8'));
const made = 1_790_000_000_123;
const dayMs = 86_400_000;

async function olderStore(): Promise<Store> {
  const store = memoryStore();
  await store.transact({ put: [{ key: 'setup/certificates', value: encode(older) }] });
  return store;
}

test('later starts open the certificates that the first start created', async () => {
  const store = memoryStore();
  const first = await openCertificates(store, 'localhost', made);
  assert.deepEqual(await openCertificates(store, 'localhost', made + dayMs), first);
});

test('the certificates of an older data folder open unchanged until 60 days before their end', async () => {
  const store = await olderStore();
  assert.deepEqual(await openCertificates(store, 'localhost', made), older);
  assert.deepEqual(await openCertificates(store, 'localhost', made + 336 * dayMs - 1_000), older);
});

test('they are renewed under their own authority, so clients that trust it still do', async () => {
  const now = made + 336 * dayMs;
  const { authority, server } = await openCertificates(await olderStore(), 'localhost', now);
  assert.ok(typeof older === 'object' && older !== null && 'authority' in older);
  assert.deepEqual(authority, older.authority);
  const issuer = new X509Certificate(authority.certificate);
  const renewed = new X509Certificate(server.certificate);
  assert.ok(renewed.checkIssued(issuer) && renewed.verify(issuer.publicKey));
  if (!hasOpenssl) return notRun('openssl verifies a renewed certificate', 'openssl 3 is not installed');
  const trusting = ['verify', '-x509_strict', '-purpose', 'sslserver', '-attime', String(Math.floor(now / 1000))];
  const paths = [file(authority.certificate), file(server.certificate)];
  assert.match(openssl([...trusting, '-CAfile', ...paths]).toString(), /: OK\n$/);
});

test("Azure's names have an authority of their own, which is limited to them", async () => {
  const store = memoryStore();
  const own = await openCertificates(store, 'localhost', made);
  const azure = await openAzureCertificates(store, made);
  assert.deepEqual(await openAzureCertificates(store, made + dayMs), azure);
  assert.deepEqual(await openCertificates(store, 'localhost', made + dayMs), own);
  assert.notEqual(azure.authority.key, own.authority.key);
  const constraints = readNameConstraints(new X509Certificate(azure.authority.certificate).raw);
  const alone = [
    'login.microsoftonline.com',
    'login.windows.net',
    'login.microsoft.com',
    'sts.windows.net',
    'management.azure.com',
    'graph.microsoft.com',
  ];
  assert.deepEqual(constraints?.permittedDnsNames, ['vault.azure.net', ...alone]);
  assert.equal(constraints.critical, true);
  assert.deepEqual(
    constraints.excludedAddresses.map((address) => address.length),
    [8, 32],
  );
  const server = new X509Certificate(azure.server.certificate);
  for (const name of ['kv.vault.azure.net', ...alone]) assert.ok(server.checkHost(name), name);
  for (const name of ['localhost', 'azure.com', 'portal.azure.com', 'a.kv.vault.azure.net', 'a.sts.windows.net']) {
    assert.equal(server.checkHost(name), undefined, name);
  }
});

test("Azure's names are renewed under their own authority", async () => {
  const store = memoryStore();
  const before = await openAzureCertificates(store, made);
  const after = await openAzureCertificates(store, made + 340 * dayMs);
  assert.deepEqual(after.authority, before.authority);
  assert.notDeepEqual(after.server, before.server);
  assertChain(after, made + 340 * dayMs);
});

test('another domain gets its own certificates and authority', async () => {
  const { domain, authority, server } = await openCertificates(await olderStore(), 'vaults.example', made);
  assert.equal(domain, 'vaults.example');
  assert.equal(new X509Certificate(authority.certificate).subject, 'CN=Postern CA for vaults.example');
  assert.equal(
    new X509Certificate(server.certificate).checkHost('blue.vault.vaults.example'),
    '*.vault.vaults.example',
  );
});

/** The clock is wrong by years, so that the certificates are not valid, and then it is corrected. */
for (const [clock, wrong] of [
  ['years ahead', made + 20 * 365 * dayMs],
  ['years behind', 0],
] as const) {
  test(`a start with a clock ${clock} changes nothing permanently`, async () => {
    const store = memoryStore();
    const before = await openCertificates(store, 'localhost', made);
    const meanwhile = await openCertificates(store, 'localhost', wrong);
    assert.notDeepEqual(meanwhile.authority, before.authority);
    assertChain(meanwhile, wrong);
    const after = await openCertificates(store, 'localhost', made + dayMs);
    assert.deepEqual(after.authority, before.authority);
    assertChain(after, made + dayMs);
    assert.equal(trustedAuthorities(after, made + dayMs), `${before.authority.certificate}\n`);
  });

  test(`after a first start with a clock ${clock}, the certificates are replaced when it is corrected`, async () => {
    const store = memoryStore();
    await openCertificates(store, 'localhost', wrong);
    assertChain(await openCertificates(store, 'localhost', made), made);
  });
}

test('clients that take ca.pem once in 18 months trust the server for 30 years', async () => {
  const store = memoryStore();
  let trusted = '';
  const authorities = new Set<string>();
  for (let day = 0; day < 30 * 365; day += 10) {
    const now = made + day * dayMs;
    const certificates = await openCertificates(store, 'localhost', now);
    if (day % 540 === 0) trusted = trustedAuthorities(certificates, now);
    assert.ok(trusted.includes(certificates.authority.certificate), `day ${day}`);
    assertChain(certificates, now);
    authorities.add(certificates.authority.certificate);
  }
  assert.ok(authorities.size >= 3, String(authorities.size));
});

test('a clock that is set again and again leaves a bounded number of authorities, including the first', async () => {
  const store = memoryStore();
  const first = await openCertificates(store, 'localhost', made);
  for (let round = 1; round <= 12; round += 1) {
    await openCertificates(store, 'localhost', made + round * 4000 * dayMs);
    const { authority, otherAuthorities = [] } = await openCertificates(store, 'localhost', made + round * dayMs);
    assert.deepEqual(authority, first.authority);
    assert.ok(otherAuthorities.length <= 8);
  }
});

function assertChain({ authority, server }: ServerCertificates, now: number): void {
  const [issuer, leaf] = [authority, server].map(({ certificate }) => new X509Certificate(certificate));
  assert.ok(issuer !== undefined && leaf !== undefined);
  assert.ok(leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey));
  for (const { validFromDate, validToDate } of [issuer, leaf]) {
    assert.ok(validFromDate.getTime() <= now && validToDate.getTime() > now);
  }
  assert.ok(leaf.validToDate <= issuer.validToDate);
}
