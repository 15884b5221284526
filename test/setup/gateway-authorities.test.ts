import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeGatewayCertificate } from '../../src/crypto/certificates/gateway-certificates.ts';
import { openGatewayAuthorities } from '../../src/setup/gateway-authorities.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { file, hasOpenssl, run } from '../crypto/certificates/openssl.ts';
import { notRun } from '../not-run.ts';

const nowMs = 1_790_000_000_123;
const dayMs = 86_400_000;
const vnet = 'aaaaaaaa-0000-4000-8000-000000000000';
const domain = 'vaults.example';

function publicKey(): Buffer {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
}

test('later starts open the authority that the first start created, and another domain gets its own', async () => {
  const store = memoryStore();
  const first = await openGatewayAuthorities(store, domain, nowMs);
  assert.deepEqual(await openGatewayAuthorities(store, domain, nowMs + dayMs), first);
  assert.equal(first.trusted, `${first.signer.certificate}\n`);
  assert.equal(new X509Certificate(first.signer.certificate).subject, `CN=Postern CA for gateways of ${domain}`);
  const other = await openGatewayAuthorities(store, 'localhost', nowMs);
  assert.equal(new X509Certificate(other.trusted).subject, 'CN=Postern CA for gateways of localhost');
});

test('a successor is trusted two years before the end, and signs in the last 60 days', async () => {
  const store = memoryStore();
  const first = await openGatewayAuthorities(store, domain, nowMs);
  const endMs = new X509Certificate(first.signer.certificate).validToDate.getTime();
  const announced = await openGatewayAuthorities(store, domain, endMs - 729 * dayMs);
  assert.deepEqual(announced.signer, first.signer);
  assert.equal(announced.trusted.match(/BEGIN CERTIFICATE/g)?.length, 2);
  const replaced = await openGatewayAuthorities(store, domain, endMs - 59 * dayMs);
  assert.notDeepEqual(replaced.signer, first.signer);
  assert.equal(replaced.trusted, announced.trusted);
  const after = await openGatewayAuthorities(store, domain, endMs + dayMs);
  assert.equal(after.trusted, `${replaced.signer.certificate}\n`);
});

test('a certificate names its network alone, is for clients alone, and lasts 90 days', async () => {
  const { signer } = await openGatewayAuthorities(memoryStore(), domain, nowMs);
  const made = new X509Certificate(
    await makeGatewayCertificate(signer, { domain, vnet, publicKey: publicKey() }, nowMs),
  );
  assert.equal(made.subjectAltName, `URI:spiffe://${domain}/vnet/${vnet}`);
  assert.deepEqual(made.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.equal(made.ca, false);
  assert.equal(made.validToDate.getTime(), Math.floor(nowMs / 1000) * 1000 + 90 * dayMs);
  const issuer = new X509Certificate(signer.certificate);
  assert.ok(made.checkIssued(issuer) && made.verify(issuer.publicKey));
});

test('a certificate ends no later than its authority', async () => {
  const { signer } = await openGatewayAuthorities(memoryStore(), domain, nowMs);
  const ends = new X509Certificate(signer.certificate).validToDate;
  const named = { domain, vnet, publicKey: publicKey() };
  const late = new X509Certificate(await makeGatewayCertificate(signer, named, ends.getTime() - 70 * dayMs));
  assert.deepEqual(late.validToDate, ends);
});

test('OpenSSL accepts the authority for gateways of its domain, and for nothing else', async () => {
  if (!hasOpenssl) return notRun('openssl verifies a gateway certificate', 'openssl 3 is not installed');
  const { signer, trusted } = await openGatewayAuthorities(memoryStore(), domain, nowMs);
  const verified = async (named: string, ...purpose: readonly string[]) => {
    const certificate = await makeGatewayCertificate(signer, { domain: named, vnet, publicKey: publicKey() }, nowMs);
    const at = ['-attime', String(Math.floor(nowMs / 1000))];
    return run(['verify', '-x509_strict', ...purpose, ...at, '-CAfile', file(trusted), file(certificate)]).text;
  };
  assert.match(await verified(domain, '-purpose', 'sslclient'), /: OK\n$/);
  assert.match(await verified('other.example', '-purpose', 'sslclient'), /permitted subtree violation/);
  assert.match(await verified(`sub.${domain}`, '-purpose', 'sslclient'), /permitted subtree violation/);
  assert.match(await verified(domain, '-purpose', 'sslserver'), /unsuitable certificate purpose/);
});

test('OpenSSL finds no DNS name or address that the authority may certify', async () => {
  if (!hasOpenssl) return notRun('openssl verifies a forged server certificate', 'openssl 3 is not installed');
  const { signer } = await openGatewayAuthorities(memoryStore(), domain, nowMs);
  const [authority, key] = [file(`${signer.certificate}\n`), file(signer.key)];
  for (const name of [`DNS:${domain}`, 'DNS:example.org', 'IP:192.0.2.1']) {
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/O=x'];
    const names = ['-addext', `subjectAltName=${name}`, '-addext', 'basicConstraints=CA:false'];
    const forged = run([...request, '-CA', authority, '-CAkey', key, '-days', '3', '-keyout', '/dev/null', ...names]);
    const leaf = /-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----\n/.exec(forged.text)?.[0];
    assert.ok(leaf, forged.text);
    const { text } = run(['verify', '-CAfile', authority, file(leaf)]);
    assert.match(text, /excluded subtree violation|permitted subtree violation/, name);
  }
});
