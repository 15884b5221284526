import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { generateSync } from '../../src/crypto/keys/generate.ts';
import { coverageOf, dnsNamesIn } from '../../src/settings/tls-names.ts';
import { judgePair, type GivenPair, type PairContext } from '../../src/settings/tls-pair.ts';
import { signed } from './operator-pair.ts';

const domain = 'pg.example.org';
const names = [domain, `*.vault.${domain}`];
const serverAuthentication = '1.3.6.1.5.5.7.3.1';
const clientAuthentication = '1.3.6.1.5.5.7.3.2';
const root = await signed({ subject: 'Root', isAuthority: true });
const intermediate = await signed({ subject: 'Intermediate', isAuthority: true }, root);
const leaf = await signed({ subject: 'leaf', dnsNames: names, ekus: [serverAuthentication] }, intermediate);
const chain = leaf.certificate + intermediate.certificate;

function given(certificate: string, key: string, authority?: string): GivenPair {
  return {
    certificate: { path: '/tls/chain.pem', contents: certificate },
    key: { path: '/tls/key.pem', contents: key },
    authority: authority === undefined ? undefined : { path: '/tls/ca.pem', contents: authority },
  };
}

function judge(pair: GivenPair, context: Partial<PairContext> = {}) {
  return judgePair(pair, {
    domain,
    nowMs: Date.now(),
    roots: () => [],
    tryTls: ({ certificate, key }) => void createSecureContext({ cert: certificate, key }),
    ...context,
  });
}

function accepted(pair: GivenPair, context?: Partial<PairContext>) {
  const judged = judge(pair, context);
  assert.ok(judged.ok, judged.ok ? '' : judged.message);
  return judged;
}

function refusal(pair: GivenPair, context?: Partial<PairContext>): string {
  const judged = judge(pair, context);
  assert.ok(!judged.ok, 'the pair was accepted');
  return judged.message;
}

test('pairs of EC and RSA keys are used, with anything around the PEM blocks', async () => {
  const { pair, notices } = accepted(
    given(`subject=leaf\r\n${chain}\n`, `Bag Attributes\n${leaf.key}`, root.certificate),
  );
  assert.deepEqual(notices, []);
  assert.deepEqual(
    { path: pair.path, names: pair.names, keyType: pair.keyType },
    { path: '/tls/chain.pem', names, keyType: 'ec' },
  );
  assert.equal(pair.certificate, chain);
  assert.equal(pair.anchors, root.certificate);
  const material = generateSync({ family: 'RSA', size: 2048 });
  assert.ok(material.kty === 'RSA');
  const rsa = await signed({ subject: 'rsa', dnsNames: names, material });
  assert.equal(accepted(given(rsa.certificate, rsa.key)).pair.keyType, 'rsa');
  // One file with everything.
  accepted(given(rsa.key + rsa.certificate, rsa.key + rsa.certificate));
});

test('the anchor is the one given, the end of the chain, or the root of this machine that signed it; its lack is said', async () => {
  const anchors = (pair: GivenPair, roots: readonly string[] = []) =>
    accepted(pair, { roots: () => roots }).pair.anchors;
  const other = await signed({ subject: 'Root', isAuthority: true });
  assert.equal(anchors(given(chain + root.certificate, leaf.key)), root.certificate);
  // The other one has the same name, and another key.
  assert.equal(anchors(given(chain, leaf.key), [other.certificate, root.certificate]), root.certificate);
  assert.equal(anchors(given(chain, leaf.key, other.certificate), [root.certificate]), other.certificate);
  const { pair, notices } = accepted(given(chain, leaf.key), { roots: () => [other.certificate, 'no PEM'] });
  assert.equal(pair.anchors, '');
  assert.match(
    notices.join('\n'),
    /^\/tls\/chain\.pem: no root of this machine signed its chain \(issuer: CN=Root\).* give tls\[\]\.authority\.$/,
  );
  assert.match(refusal(given(chain, leaf.key, 'nothing')), /^\/tls\/ca\.pem has no certificate in PEM/);
});

test('a file without a certificate or a usable key is refused with its path and the reason, and its contents are not shown', () => {
  const { privateKey: weak } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const { privateKey: edwards } = generateKeyPairSync('ed25519');
  const { privateKey: bitcoin } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const pkcs8 = { format: 'pem', type: 'pkcs8' } as const;
  const sealing = { cipher: 'aes-256-cbc', passphrase: 'p' };
  const rows: readonly (readonly [certificate: string, key: string, reason: RegExp])[] = [
    ['', leaf.key, /^\/tls\/chain\.pem has no certificate in PEM .*openssl x509 -inform der/],
    [leaf.key, leaf.key, /^\/tls\/chain\.pem has no certificate/],
    [
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      leaf.key,
      /^\/tls\/chain\.pem: certificate 1 cannot be read/,
    ],
    [
      `${leaf.certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      leaf.key,
      /: certificate 2 cannot be read/,
    ],
    [chain.repeat(6), leaf.key, /has 12 certificates; at most 10/],
    [chain, '', /^\/tls\/key\.pem has no private key in PEM/],
    [chain, leaf.certificate, /^\/tls\/key\.pem has no private key in PEM/],
    [chain, weak.export({ ...pkcs8, ...sealing }), /^\/tls\/key\.pem is encrypted: give the key without a passphrase/],
    [chain, weak.export({ format: 'pem', type: 'pkcs1', ...sealing }), /^\/tls\/key\.pem is encrypted/],
    [
      chain,
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
      /^\/tls\/key\.pem has a private key that cannot be read/,
    ],
    [chain, weak.export(pkcs8), /^\/tls\/key\.pem: an RSA key of 1024 bits; at least 2048/],
    [chain, edwards.export(pkcs8), /^\/tls\/key\.pem is a key of the type ed25519.* use RSA or EC\.$/],
    [chain, bitcoin.export(pkcs8), /^\/tls\/key\.pem: an EC key on secp256k1; P-256/],
  ].map(([certificate, key, reason]) => [String(certificate), String(key), reason as RegExp]);
  for (const [certificate, key, reason] of rows) {
    const message = refusal(given(certificate, key));
    assert.match(message, reason);
    const [, secret = 'no contents'] = /-----\r?\n(\S{8,})/.exec(key) ?? [];
    assert.ok(!message.includes(secret), message);
  }
});

test('a key of another certificate, and a chain in another order, are refused with the place', async () => {
  const other = await signed({ subject: 'other', dnsNames: names });
  assert.match(
    refusal(given(chain, other.key)),
    /^\/tls\/key\.pem is not the key of \/tls\/chain\.pem: the certificate is for another key\.$/,
  );
  assert.match(
    refusal(given(intermediate.certificate + leaf.certificate, leaf.key)),
    /^\/tls\/chain\.pem: the certificate of the key is number 2; the server's own/,
  );
  assert.match(
    refusal(given(leaf.certificate + root.certificate, leaf.key)),
    /certificate 2 did not issue certificate 1; the server's own certificate comes first/,
  );
  assert.match(refusal(given(chain + other.certificate, leaf.key)), /certificate 3 did not issue certificate 2/);
});

test('a certificate that no client would take from this server is refused, and one that is late or early is used and said', async () => {
  const made = (wanted: Partial<Parameters<typeof signed>[0]>) =>
    signed({ subject: domain, dnsNames: names, ...wanted });
  const refused = async (wanted: Parameters<typeof made>[0]) => {
    const { certificate, key } = await made(wanted);
    return refusal(given(certificate, key));
  };
  assert.match(
    await refused({ dnsNames: [] }),
    /has no DNS name \(subjectAltName\), and .*; the server answers to pg\.example\.org and \*\.vault\.pg\.example\.org\.$/,
  );
  assert.match(
    await refused({ dnsNames: ['www.example.org', '*.pg.example.org'] }),
    /is for www\.example\.org, \*\.pg\.example\.org, and the server answers to .*: get a certificate for these, or change domain\.$/,
  );
  assert.match(
    await refused({ ekus: [clientAuthentication] }),
    /is not for TLS servers: its extended key usage lacks serverAuth\.$/,
  );
  const notices = async (wanted: Parameters<typeof made>[0]) => {
    const { certificate, key } = await made(wanted);
    return accepted(given(certificate, key)).notices;
  };
  assert.deepEqual(await notices({ ekus: [clientAuthentication, serverAuthentication] }), []);
  assert.match(
    (await notices({ days: [-9, -1] })).join('\n'),
    /^\/tls\/chain\.pem EXPIRED on \S+Z: clients refuse it\. Replace the file\.$/,
  );
  assert.match(
    (await notices({ days: [1, 9] })).join('\n'),
    /^\/tls\/chain\.pem is not valid before \S+Z: is the clock right\?$/,
  );
  assert.match(
    (await notices({ dnsNames: ['*.example.org'] })).join('\n'),
    /^\/tls\/chain\.pem does not cover \*\.vault\.pg\.example\.org: there the server shows/,
  );
  assert.match(
    (await notices({ dnsNames: [`a.vault.${domain}`] })).join('\n'),
    /does not cover pg\.example\.org and \*\.vault\.pg\.example\.org: there/,
  );
  const unusable = () => {
    throw Object.assign(new Error('not to be shown'), { code: 'ERR_SSL_CA_MD_TOO_WEAK' });
  };
  assert.equal(
    refusal(given(chain, leaf.key), { tryTls: unusable }),
    '/tls/chain.pem cannot be used for TLS (ERR_SSL_CA_MD_TOO_WEAK).',
  );
});

test('names are read as clients read them', () => {
  assert.deepEqual(
    dnsNamesIn('DNS:A.example, IP Address:10.0.0.1, DNS:*.b.example, URI:https://c.example, email:d@e.example'),
    ['a.example', '*.b.example'],
  );
  assert.deepEqual(dnsNamesIn('DNS:"evil, DNS:good.example", DNS:real.example'), ['real.example']);
  assert.deepEqual(dnsNamesIn(undefined), []);
  const none = { home: false, vaults: false, single: [] };
  assert.deepEqual(coverageOf(['*.example.org'], domain), { ...none, home: true });
  assert.deepEqual(
    coverageOf(['*.org', `*.${domain}`, `vault.${domain}`, `x.${domain}`, `a.b.vault.${domain}`], domain),
    none,
  );
  assert.deepEqual(coverageOf([`*.vault.${domain}`], domain), { ...none, vaults: true });
  assert.deepEqual(coverageOf([`a.vault.${domain}`], domain), { ...none, single: [`a.vault.${domain}`] });
  assert.deepEqual(coverageOf(['*'], 'localhost'), none);
});
