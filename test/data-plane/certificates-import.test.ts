import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ecKey, OpensslFolder } from './certificate-files.ts';
import { certificateWorld, issueMs, selfSigned, versionOf } from './certificate-world.ts';
import type { CertificateWorld } from './certificate-world.ts';
import { compositeKey } from '../crypto/keys/composite-key.ts';
import { rsaOfA2 } from '../crypto/keys/published-keys.ts';
import {
  der,
  explicit,
  objectIdentifier,
  octetString,
  sequence,
  derTrue,
} from '../../src/crypto/certificates/der-write.ts';
import { selfSign } from '../../src/crypto/certificates/issue.ts';
import { publicKeyInfo } from '../../src/crypto/certificates/keys.ts';
import { commonName } from '../../src/crypto/certificates/name.ts';
import { readPem, writePem } from '../../src/crypto/certificates/pem.ts';
import { writePkcs12 } from '../../src/crypto/certificates/pkcs12.ts';
import { sign } from '../../src/crypto/certificates/sign.ts';
import type { RsaKeyMaterial } from '../../src/types/key.ts';
import { errorBody, items, members } from './vaults.ts';

let world: CertificateWorld;

before(async () => {
  world = await certificateWorld('kv-import');
});

after(() => world[Symbol.asyncDispose]());

const asPem = { secret_props: { contentType: 'application/x-pem-file' } };

async function refuses(name: string, body: object, message: string | RegExp): Promise<void> {
  const answer = await world.send('POST', `/certificates/${name}/import`, body);
  assert.equal(answer.status, 400, JSON.stringify(answer.body));
  if (typeof message === 'string') assert.deepEqual(answer.body, errorBody('BadParameter', message));
  else assert.match(String(answer.body['error']?.['message']), message);
  assert.equal((await world.send('GET', `/certificates/${name}`)).status, 404);
}

/** A certificate that openssl makes, `leaf.pem` with `leaf.key`, by an authority in `ca.pem`. */
async function make(openssl: OpensslFolder, key: readonly string[]): Promise<void> {
  const authority = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key'];
  await openssl.run('req', '-x509', ...authority, '-subj', '/CN=CA', '-days', '400', '-out', 'ca.pem');
  const request = ['-newkey', ...key, '-nodes', '-keyout', 'leaf.key', '-subj', '/O=Contoso/CN=imported.example.com'];
  const contents = [
    'subjectAltName=DNS:imported.example.com,IP:192.0.2.7',
    'extendedKeyUsage=serverAuth',
    'keyUsage=critical,digitalSignature',
  ].flatMap((extension) => ['-addext', extension]);
  const days = ['-days', '365', '-CA', 'ca.pem', '-CAkey', 'ca.key'];
  await openssl.run('req', '-x509', ...request, ...contents, ...days, '-out', 'leaf.pem');
}

const files = [
  { title: 'as OpenSSL 3 writes it', options: [], password: '' },
  { title: 'with a password', options: [], password: 'pä55 word' },
  { title: 'as old programs write it', options: ['-legacy'], password: 'old' },
  {
    title: 'with 3DES',
    options: ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
    password: 'p',
  },
];
const keys = {
  RSA: ['rsa:2048'],
  EC: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
};

suite('a PKCS #12 file', () => {
  for (const { title, options, password } of files) {
    for (const [kty, key] of Object.entries(keys)) {
      test(`${title}, with an ${kty} key, becomes a certificate, a key and a secret`, async () => {
        using openssl = new OpensslFolder();
        await make(openssl, key);
        const bundle = ['-inkey', 'leaf.key', '-in', 'leaf.pem', '-certfile', 'ca.pem', '-out', 'file.p12'];
        await openssl.run('pkcs12', '-export', ...bundle, ...options, '-passout', `pass:${password}`);
        const name = `${kty}-${files.findIndex((file) => file.title === title)}`;
        const value = openssl.read('file.p12').toString('base64');
        const imported = await world.ok('POST', `/certificates/${name}/import`, { value, pwd: password });
        assert.deepEqual(await world.ok('GET', `/certificates/${name}`), imported);
        openssl.certificate('cer.pem', imported['cer']);
        const fingerprint = await openssl.run('x509', '-in', 'leaf.pem', '-noout', '-fingerprint', '-sha1');
        assert.equal(await openssl.run('x509', '-in', 'cer.pem', '-noout', '-fingerprint', '-sha1'), fingerprint);
        const x5t = Buffer.from(String(imported['x5t']), 'base64url').toString('hex').toUpperCase();
        assert.equal(fingerprint.trim().split('=')[1]?.replaceAll(':', ''), x5t);
        const secret = await world.ok('GET', `/secrets/${name}`);
        openssl.write('out.p12', Buffer.from(String(secret['value']), 'base64'));
        await openssl.run('pkcs12', '-in', 'out.p12', '-passin', 'pass:', '-nodes', '-out', 'all.pem');
        assert.equal(openssl.read('all.pem').toString().split('BEGIN CERTIFICATE').length, 3);
        const fromKey = await openssl.run('pkey', '-in', 'leaf.key', '-pubout');
        assert.equal(await openssl.run('pkey', '-in', 'all.pem', '-pubout'), fromKey);
        assert.equal((await world.ok('GET', `/keys/${name}`))['key']?.['kty'], kty);
      });
    }
  }

  test('gives the certificate its policy, except the members that the client sends', async () => {
    using openssl = new OpensslFolder();
    await make(openssl, keys.EC);
    await openssl.run(
      'pkcs12',
      '-export',
      '-inkey',
      'leaf.key',
      '-in',
      'leaf.pem',
      '-out',
      'f.p12',
      '-passout',
      'pass:',
    );
    const value = openssl.read('f.p12').toString('base64');
    const now = Math.floor(world.server.now() / 1000);
    const policy = {
      key_props: { exportable: false, reuse_key: true },
      issuer: { name: 'Self' },
      lifetime_actions: [{ trigger: { days_before_expiry: 30 }, action: { action_type: 'AutoRenew' } }],
    };
    const body = { value, policy, attributes: { enabled: false }, tags: { a: 'b' }, preserveCertOrder: true };
    const imported = await world.ok('POST', '/certificates/policy/import', body);
    assert.deepEqual(imported['policy'], {
      id: `${world.origin}/certificates/policy/policy`,
      key_props: { exportable: false, kty: 'EC', key_size: 384, reuse_key: true, crv: 'P-384' },
      secret_props: { contentType: 'application/x-pkcs12' },
      x509_props: {
        subject: 'CN=imported.example.com, O=Contoso',
        sans: { dns_names: ['imported.example.com'], ipAddresses: ['192.0.2.7'] },
        ekus: ['1.3.6.1.5.5.7.3.1'],
        key_usage: ['digitalSignature'],
        validity_months: 12,
        basic_constraints: { ca: true },
      },
      lifetime_actions: policy.lifetime_actions,
      issuer: { name: 'Self' },
      attributes: { enabled: true, created: now, updated: now },
    });
    assert.deepEqual([imported['tags'], imported['preserveCertOrder']], [{ a: 'b' }, true]);
    assert.equal(imported['attributes']?.['enabled'], false);
    assert.equal((await world.send('GET', '/secrets/policy')).status, 403);
    await world.ok('PATCH', '/certificates/policy', { attributes: { enabled: true } });
    const secret = await world.ok('GET', '/secrets/policy');
    openssl.write('out.p12', Buffer.from(String(secret['value']), 'base64'));
    const out = await openssl.run('pkcs12', '-in', 'out.p12', '-passin', 'pass:', '-nodes');
    assert.match(out, /BEGIN CERTIFICATE/);
    assert.doesNotMatch(out, /PRIVATE KEY/);
  });

  test('is refused with a reason if it cannot be imported', async () => {
    using openssl = new OpensslFolder();
    await make(openssl, keys.EC);
    const value = async (...options: readonly string[]) => {
      await openssl.run('pkcs12', '-export', '-in', 'leaf.pem', '-out', 'f.p12', '-passout', 'pass:right', ...options);
      return openssl.read('f.p12').toString('base64');
    };
    const unreadable =
      'The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 format. ';
    const file = await value('-inkey', 'leaf.key');
    await refuses('refused', { value: file, pwd: 'wrong' }, `${unreadable}The password of the PKCS #12 file is wrong.`);
    await refuses('refused', { value: file }, `${unreadable}The password of the PKCS #12 file is wrong.`);
    const keyless = await value('-nokeys');
    await refuses('refused', { value: keyless, pwd: 'right' }, `${unreadable}The PKCS #12 file holds no private key.`);
    await refuses('refused', { value: 'AAAA' }, /^The specified PKCS#12 X\.509 certificate content can not be read\./);
    const pem = openssl.read('leaf.pem').toString();
    const asked = { secret_props: { contentType: 'application/x-pkcs12' } };
    await refuses(
      'refused',
      { value: pem, policy: asked },
      / For PEM, set policy\.secret_props\.contentType to application\/x-pem-file\.$/,
    );
  });
});

suite('a PEM file', () => {
  test('with its key first or last is imported, and is returned with the key first', async () => {
    using openssl = new OpensslFolder();
    await make(openssl, keys.RSA);
    const [key, leaf, ca] = ['leaf.key', 'leaf.pem', 'ca.pem'].map((name) => openssl.read(name).toString());
    const expected = `${key}${leaf}${ca}`;
    for (const [index, value] of [expected, `${leaf}${ca}${key}`].entries()) {
      const imported = await world.ok('POST', `/certificates/pem-${index}/import`, { value, policy: asPem });
      assert.equal(imported['policy']?.['issuer']?.['name'], 'Unknown');
      const secret = await world.ok('GET', `/secrets/pem-${index}`);
      assert.deepEqual([secret['value'], secret['contentType']], [expected, 'application/x-pem-file']);
    }
    // Without a policy the file itself decides its type, which the JavaScript client needs.
    const bare = await world.ok('POST', '/certificates/pem-bare/import', { value: expected });
    assert.equal(bare['policy']?.['secret_props']?.['contentType'], 'application/x-pem-file');
  });

  test('is refused with a reason if it cannot be imported', async () => {
    using openssl = new OpensslFolder();
    await make(openssl, keys.EC);
    const leaf = openssl.read('leaf.pem').toString();
    const unexpected =
      'The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM format. ';
    await refuses('no-pem', { value: leaf, policy: asPem }, `${unexpected}The PEM file holds no private key.`);
    const other = openssl.read('ca.key').toString();
    await refuses(
      'no-pem',
      { value: `${other}${leaf}`, policy: asPem },
      `${unexpected}The private key belongs to none of the certificates.`,
    );
    await openssl.run('pkey', '-in', 'leaf.key', '-aes256', '-passout', 'pass:p', '-out', 'sealed.key');
    const sealed = openssl.read('sealed.key').toString();
    await refuses(
      'no-pem',
      { value: `${sealed}${leaf}`, policy: asPem },
      `${unexpected}The private key is encrypted. Give its password (pwd), or decrypt the file first (openssl pkey).`,
    );
    await refuses(
      'no-pem',
      { value: `${sealed}${leaf}`, pwd: 'wrong', policy: asPem },
      `${unexpected}The private key does not decrypt: the password (pwd) is wrong, or the key is damaged.`,
    );
    await openssl.run(...sealing, '-v2', 'aes256', '-iter', '4000000');
    await refuses(
      'no-pem',
      { value: `${openssl.read('sealed.key').toString()}${leaf}`, pwd: 'p', policy: asPem },
      /The private key asks for more than \d+ rounds of key derivation\. Write it with fewer: OpenSSL's default is 2048 \(-iter\)\.$/,
    );
  });

  const sealing = ['pkcs8', '-topk8', '-in', 'leaf.key', '-out', 'sealed.key', '-passout', 'pass:p'];
  for (const [index, cipher] of [
    ['-v2', 'aes256'],
    ['-v2', 'des3', '-v2prf', 'hmacWithSHA1'],
    ['-v1', 'PBE-SHA1-3DES'],
    ['-v1', 'PBE-SHA1-2DES'],
  ].entries()) {
    test(`may have its key encrypted with ${cipher.join(' ')}, and is returned without encryption`, async () => {
      using openssl = new OpensslFolder();
      await make(openssl, keys.RSA);
      await openssl.run(...sealing, ...cipher);
      const [key, sealed, leaf] = ['leaf.key', 'sealed.key', 'leaf.pem'].map((name) => openssl.read(name).toString());
      assert.match(String(sealed), /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
      const name = `sealed-${index}`;
      await world.ok('POST', `/certificates/${name}/import`, { value: `${sealed}${leaf}`, pwd: 'p', policy: asPem });
      const secret = await world.ok('GET', `/secrets/${name}`);
      assert.equal(secret['value'], `${key}${leaf}`);
    });
  }

  test('is refused with line ends of Windows or a key that is not in PKCS #8, plain and as base64', async () => {
    using openssl = new OpensslFolder();
    await make(openssl, keys.RSA);
    const [key = '', leaf = ''] = ['leaf.key', 'leaf.pem'].map((name) => openssl.read(name).toString());
    const traditional = await openssl.run('pkey', '-in', 'leaf.key', '-traditional');
    assert.match(traditional, /^-----BEGIN RSA PRIVATE KEY-----\n/);
    const unexpected =
      'The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM ' +
      'format. This is not a PEM file that can be read: ';
    for (const [text, reason] of [
      [`${key}${leaf}`.replaceAll('\n', '\r\n'), 'its lines end in CR LF, and only LF is accepted.'],
      [
        `${traditional}${leaf}`,
        'only keys in PKCS #8 are accepted, and it has an RSA PRIVATE KEY; convert it with openssl pkcs8 -topk8 -nocrypt.',
      ],
    ] as const) {
      for (const value of [text, Buffer.from(text).toString('base64')]) {
        await refuses('strict', { value, policy: asPem }, `${unexpected}${reason}`);
      }
    }
    await openssl.run('pkcs8', '-topk8', '-nocrypt', '-in', 'leaf.key', '-out', 'leaf.p8');
    const value = Buffer.from(openssl.read('leaf.p8').toString() + leaf).toString('base64');
    await world.ok('POST', '/certificates/strict/import', { value, policy: asPem });
  });

  test('of a certificate that has expired is refused', async () => {
    const material = ecKey();
    const now = Math.floor(world.server.now() / 1000);
    const pemOf = async (notAfter: number) => {
      const validity = { notBefore: now - 1000, notAfter, serial: Buffer.from('05', 'hex') };
      const signed = await selfSign(material, { subject: 'CN=old', ekus: [], keyUsage: [], ...validity });
      assert.ok(signed.ok);
      return { value: writePem({ material, certificates: [signed.value] }), policy: asPem };
    };
    const at = new Date(now * 1000).toISOString();
    await refuses('old', await pemOf(now), `The certificate expired at ${at}, and cannot be imported any more.`);
    const imported = await world.ok('POST', '/certificates/old/import', await pemOf(now + 2));
    assert.equal(members(imported['policy']?.['x509_props'])['sans'], undefined, 'the certificate has none');
  });
});

suite('a certificate that could not be made here', () => {
  /** A value of an attribute whose contents are not checked, as a string with this tag. */
  const raw = (tag: number, text: string) => `#${Buffer.from(der(tag, Buffer.from(text))).toString('hex')}`;
  const long = 'n'.repeat(70);
  const names = Array.from({ length: 150 }, (_, index) => `n${index}.example.com`);
  const odd = [
    { title: 'a common name of 70 characters', made: { subject: `CN=${raw(0x0c, long)}` }, shown: `CN=${long}` },
    { title: 'a country of three letters', made: { subject: `C=${raw(0x13, 'USA')}` }, shown: 'C=USA' },
    { title: 'an e-mail address in UTF-8', made: { subject: `E=${raw(0x0c, 'ä@b.example')}` }, shown: 'E=ä@b.example' },
    { title: '150 alternative names', made: { subject: 'CN=a', sans: { dnsNames: names } }, shown: 'CN=a' },
    { title: 'a UUID as its use', made: { subject: 'CN=a', ekus: [`2.25.${2n ** 127n}`] }, shown: 'CN=a' },
  ];

  async function takes(name: string, certificate: Uint8Array, subject: string): Promise<void> {
    const value = writePem({ material: key, certificates: [certificate] });
    const imported = await world.ok('POST', `/certificates/${name}/import`, { value });
    assert.equal(imported['policy']?.['x509_props']?.['subject'], subject);
    // Its policy can be changed, too.
    await world.ok('PATCH', `/certificates/${name}/policy`, { key_props: { reuse_key: true } });
  }

  const key = ecKey();
  const validity = () => {
    const notBefore = Math.floor(world.server.now() / 1000);
    return { notBefore, notAfter: notBefore + 1000, serial: Buffer.from('05', 'hex') };
  };

  for (const [index, { title, made, shown }] of odd.entries()) {
    test(`is imported anyway, with ${title}`, async () => {
      const signed = await selfSign(key, { ekus: [], keyUsage: [], ...made, ...validity() });
      assert.ok(signed.ok);
      await takes(`odd-${index}`, signed.value, shown);
    });
  }

  test('is imported anyway, with only a directory name', async () => {
    const directoryName = sequence(explicit(4, commonName('b')));
    const extension = sequence(objectIdentifier('2.5.29.17'), derTrue, octetString(directoryName));
    const subject = sequence();
    const body = { issuer: { name: subject, material: key }, subject, publicKey: publicKeyInfo(key) };
    await takes('odd-nameless', await sign({ ...body, extensions: [extension] }, validity()), '');
  });

  test('is refused with a subject of more than 200 characters', async () => {
    const subject = `CN=${raw(0x0c, 'n'.repeat(198))}`;
    const signed = await selfSign(key, { subject, ekus: [], keyUsage: [], ...validity() });
    assert.ok(signed.ok);
    const value = writePem({ material: key, certificates: [signed.value] });
    await refuses('odd-long', { value }, 'x509_props.subject has 201 characters; at most 200 are allowed.');
  });
});

suite('the order of a file whose leaf is not its first', () => {
  for (const [contentType, preserveCertOrder] of [
    ['application/x-pem-file', true],
    ['application/x-pem-file', false],
    ['application/x-pem-file', undefined],
    ['application/x-pkcs12', true],
    ['application/x-pkcs12', undefined],
  ] as const) {
    const isKept = preserveCertOrder === true;
    test(`is ${isKept ? '' : 'not '}kept with ${preserveCertOrder}, as ${contentType}`, async () => {
      using openssl = new OpensslFolder();
      await make(openssl, keys.EC);
      const [key = '', leaf = '', ca = ''] = ['leaf.key', 'leaf.pem', 'ca.pem'].map((file) =>
        openssl.read(file).toString(),
      );
      const read = readPem(key + ca + leaf);
      assert.ok(read.ok && read.value.material !== undefined);
      const { material, inFileOrder: certificates } = read.value;
      const isPem = contentType === 'application/x-pem-file';
      const name = `order-${isPem ? 'pem' : 'p12'}-${preserveCertOrder}`;
      const imported = await world.ok('POST', `/certificates/${name}/import`, {
        value: isPem ? key + ca + leaf : Buffer.from(await writePkcs12({ material, certificates })).toString('base64'),
        policy: { secret_props: { contentType } },
        ...(preserveCertOrder !== undefined && { preserveCertOrder }),
      });
      openssl.certificate('cer.pem', imported['cer']);
      assert.equal(openssl.read('cer.pem').toString(), leaf);
      const { value } = members(await world.ok('GET', `/secrets/${name}`));
      const expected = isKept ? [ca, leaf] : [leaf, ca];
      if (isPem) {
        assert.equal(value, [key, ...expected].join(''));
        return;
      }
      openssl.write('out.p12', Buffer.from(String(value), 'base64'));
      const certificatesOf = async (...which: readonly string[]) => {
        const out = await openssl.run('pkcs12', '-in', 'out.p12', '-passin', 'pass:', '-nokeys', ...which);
        return out.match(/-----BEGIN[^]*?-----END CERTIFICATE-----\n/g);
      };
      assert.deepEqual(await certificatesOf(), expected);
      // The certificate that belongs to the key.
      assert.deepEqual(await certificatesOf('-clcerts'), [leaf]);
      const asPemText = await world.ok('GET', `/secrets/${name}?outContentType=application/x-pem-file`);
      assert.equal(asPemText['value'], [key, ...expected].join(''));
    });
  }
});

suite('an import over a policy', () => {
  const stored = {
    ...selfSigned('CN=stored', asPem),
    key_props: { kty: 'EC', exportable: false, reuse_key: true },
    x509_props: { subject: 'CN=stored', sans: { emails: ['a@example.com'] }, validity_months: 24 },
    lifetime_actions: [{ trigger: { days_before_expiry: 20 }, action: { action_type: 'AutoRenew' } }],
  };
  const pemOf = (openssl: OpensslFolder) =>
    `${openssl.read('leaf.key').toString()}${openssl.read('leaf.pem').toString()}`;

  test('keeps the members that neither the import nor the certificate has', async () => {
    using openssl = new OpensslFolder();
    await make(openssl, keys.EC);
    const first = await world.issued('over', stored);
    const second = await world.ok('POST', '/certificates/over/import', { value: pemOf(openssl) });
    const was = first['policy'];
    const updated = second['policy']?.['attributes']?.['updated'];
    assert.deepEqual(members(second['policy']), {
      ...members(was),
      attributes: { ...members(was?.['attributes']), updated },
      key_props: { ...members(was?.['key_props']), crv: 'P-384', key_size: 384 },
      x509_props: {
        ...members(was?.['x509_props']),
        subject: 'CN=imported.example.com, O=Contoso',
        sans: { dns_names: ['imported.example.com'], ipAddresses: ['192.0.2.7'] },
        ekus: ['1.3.6.1.5.5.7.3.1'],
        basic_constraints: { ca: true },
        validity_months: 12,
      },
    });
    assert.equal((await world.ok('GET', '/keys/over'))['attributes']?.['exportable'], false);
    assert.doesNotMatch(String((await world.ok('GET', '/secrets/over'))['value']), /PRIVATE KEY/);
  });

  test('makes the key exportable if it says so itself, not because the key type is another', async () => {
    using openssl = new OpensslFolder();
    await make(openssl, keys.RSA);
    await world.issued('family', stored);
    const exportable = async (key_props: object) => {
      const policy = { key_props };
      await world.ok('POST', '/certificates/family/import', { value: pemOf(openssl), policy });
      return /PRIVATE KEY/.test(String((await world.ok('GET', '/secrets/family'))['value']));
    };
    assert.equal(await exportable({}), false);
    assert.equal(await exportable({ exportable: true }), true);
  });

  test('is read by the content type of the policy', async () => {
    using openssl = new OpensslFolder();
    await make(openssl, keys.EC);
    const contents = ['-inkey', 'leaf.key', '-in', 'leaf.pem', '-out', 'file.p12'];
    await openssl.run('pkcs12', '-export', ...contents, '-passout', 'pass:');
    const value = openssl.read('file.p12').toString('base64');
    await world.issued('typed', stored);
    const refused = await world.send('POST', '/certificates/typed/import', { value });
    const message =
      'The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM format.';
    assert.deepEqual([refused.status, refused.body], [400, errorBody('BadParameter', message)]);
    const policy = { secret_props: { contentType: 'application/x-pkcs12' } };
    const imported = await world.ok('POST', '/certificates/typed/import', { value, policy });
    assert.equal(imported['policy']?.['secret_props']?.['contentType'], 'application/x-pkcs12');
    // The next import is read in the same way.
    await world.ok('POST', '/certificates/typed/import', { value });
  });
});

test('an import adds a version, and replaces an operation that is over', async () => {
  using openssl = new OpensslFolder();
  await make(openssl, keys.EC);
  const value = `${openssl.read('leaf.key').toString()}${openssl.read('leaf.pem').toString()}`;
  await world.ok('POST', '/certificates/again/create', { policy: selfSigned('CN=again') }, 202);
  await world.pass(issueMs);
  const first = await world.ok('GET', '/certificates/again');
  const second = await world.ok('POST', '/certificates/again/import', { value, policy: asPem });
  assert.notEqual(versionOf(second), versionOf(first));
  assert.equal(items(await world.ok('GET', '/certificates/again/versions')).length, 2);
  assert.equal((await world.send('GET', '/certificates/again/pending')).status, 404);
  assert.equal(members(await world.ok('GET', '/certificates/again'))['pending'], undefined);
  const older = await world.ok('GET', `/secrets/again/${versionOf(first)}`);
  assert.equal(older['contentType'], 'application/x-pkcs12');
});

test('an RSA key whose q is not prime is refused, and one with primes is imported', async () => {
  const notBefore = Math.floor(world.server.now() / 1000);
  const validity = { notBefore, notAfter: notBefore + 1000, serial: Buffer.from('05', 'hex') };
  const importOf = async (material: RsaKeyMaterial) => {
    const signed = await selfSign(material, { subject: 'CN=primes', ekus: [], keyUsage: [], ...validity });
    assert.ok(signed.ok);
    return { value: writePem({ material, certificates: [signed.value] }), policy: asPem };
  };
  const message = "The RSA key's p and q must be two primes of 1024 bits.";
  await refuses('primes', await importOf(compositeKey(rsaOfA2)), message);
  await world.ok('POST', '/certificates/primes/import', await importOf(rsaOfA2));
});
