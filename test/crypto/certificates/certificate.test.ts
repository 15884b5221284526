import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { matches, readCertificate } from '../../../src/crypto/certificates/certificate.ts';
import { readObjectIdentifier, wholeSequence } from '../../../src/crypto/certificates/der-read.ts';
import { bitString, explicit, integer, sequence } from '../../../src/crypto/certificates/der-write.ts';
import { issue, makeTestIssuer, selfSign } from '../../../src/crypto/certificates/issue.ts';
import { makeRequest } from '../../../src/crypto/certificates/request.ts';
import { keyUsages } from '../../../src/types/certificate.ts';
import { notRun } from '../../not-run.ts';
import { anyCharacter } from '../../world/any-character.ts';
import { ec, kindOf, kinds, material, selfSigned, textOf, validity, value } from './material.ts';
import { file, hasOpenssl, openssl } from './openssl.ts';

const configuration = `
[req]
prompt = no
distinguished_name = dn
x509_extensions = ex
[dn]
C = DE
O = "Contoso, Inc."
OU = one
1.OU = two
CN = www.example.com
emailAddress = someone@example.com
[ex]
basicConstraints = critical,CA:TRUE,pathlen:3
keyUsage = critical,digitalSignature,cRLSign,keyCertSign,decipherOnly,keyAgreement
extendedKeyUsage = codeSigning,1.2.3.4.5
subjectAltName = @names
certificatePolicies = 1.2.3.4
[names]
DNS.1 = a.example.com
email.1 = a@example.com
IP.1 = 192.0.2.1
IP.2 = 2001:db8:0:0:1::1
URI.1 = urn:x:y
otherName.1 = 1.3.6.1.4.1.311.20.2.3;UTF8:a@b
otherName.2 = 1.2.3.4;UTF8:other
RID.1 = 1.2.3
`;

/** A certificate that `openssl` makes, as DER. */
function made(...args: readonly string[]): Buffer {
  const always = ['req', '-x509', '-nodes', '-keyout', '/dev/null', '-outform', 'DER', '-days', '400'];
  return openssl([...always, '-config', file(configuration), ...args]);
}

if (hasOpenssl) {
  describe('a certificate of openssl', () => {
    it('says what openssl was asked for', () => {
      const der = made('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-set_serial', '0x00ff01');
      const { publicKey, notBefore, notAfter, thumbprint, ...facts } = value(readCertificate(der));
      const name = String.raw`E=someone@example.com, CN=www.example.com, OU=two, OU=one, O=Contoso\, Inc., C=DE`;
      assert.deepEqual(facts, {
        subject: name,
        issuer: name,
        serial: 'ff01',
        basicConstraints: { ca: true, pathLength: 3 },
        keyUsage: ['digitalSignature', 'keyAgreement', 'keyCertSign', 'cRLSign', 'decipherOnly'],
        ekus: ['1.3.6.1.5.5.7.3.3', '1.2.3.4.5'],
        sans: {
          dnsNames: ['a.example.com'],
          emails: ['a@example.com'],
          upns: ['a@b'],
          ipAddresses: ['192.0.2.1', '2001:db8::1:0:0:1'],
          uris: ['urn:x:y'],
        },
      });
      const printed = (...args: readonly string[]) =>
        openssl(['x509', '-inform', 'DER', '-noout', ...args], der).toString();
      const fingerprint = Buffer.from(thumbprint, 'base64url').toString('hex').toUpperCase();
      assert.equal(printed('-fingerprint', '-sha1').replaceAll(':', '').trim().split('=')[1], fingerprint);
      assert.equal(notAfter - notBefore, 400 * 86_400);
      assert.equal(new Date(notBefore * 1000).getTime(), Date.parse(printed('-startdate').split('=')[1] ?? ''));
      assert.equal(publicKey.kty === 'EC' && publicKey.crv, 'P-384');
    });

    const unsupported: readonly (readonly [string, readonly string[]])[] = [
      ['RSA of 1024 bits', ['-newkey', 'rsa:1024']],
      ['ed25519', ['-newkey', 'ed25519']],
      ['rsa-pss', ['-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048']],
      ['EC on brainpoolP256r1', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:brainpoolP256r1']],
    ];
    for (const [found, args] of unsupported) {
      it(`whose key is ${found} is refused`, () => {
        assert.equal(
          textOf(readCertificate(made(...args))),
          `The key is ${found}. RSA keys of 2048, 3072 or 4096 bits and EC keys on P-256, P-384, P-521 or P-256K are supported.`,
        );
      });
    }
  });
} else notRun('certificates that openssl made', 'there is no openssl 3 on PATH');

describe('what is certified and what is read back', () => {
  const key = ec('prime256v1');
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const several = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 3 });
  const arbitrary = fc.record({
    // The value of an attribute, as hexadecimal pairs so that it may have every character.
    subject: fc.string({ unit: anyCharacter, minLength: 1, maxLength: 30 }).map(
      (text) =>
        `CN=${Buffer.from(text)
          .toString('hex')
          .replaceAll(/../g, String.raw`\$&`)}`,
    ),
    sans: fc.record({
      dnsNames: several(
        fc.oneof(
          name,
          name.map((of) => `*.${of}`),
        ),
      ),
      emails: several(name.map((host) => `a.b+c@${host}`)),
      upns: several(fc.tuple(fc.stringMatching(/^[a-zäöü. ]{1,20}$/), name).map((parts) => parts.join('@'))),
      ipAddresses: several(fc.oneof(fc.ipV4(), fc.ipV6().map(canonical))),
      uris: several(name.map((host) => `spiffe://${host}/a?b#c`)),
    }),
    ekus: fc.uniqueArray(
      fc.array(fc.bigInt({ min: 0n, max: 2n ** 70n }), { maxLength: 5 }).map((arcs) => ['2', '999', ...arcs].join('.')),
    ),
    keyUsage: fc.subarray([...keyUsages]),
    basicConstraints: fc.oneof(
      fc.record({ ca: fc.boolean() }),
      fc.record({ ca: fc.constant(true), pathLength: fc.nat() }),
    ),
    notBefore: fc.integer({ min: -631_152_000, max: 4_000_000_000 }),
    serial: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  });

  function canonical(text: string): string {
    return new URL(`http://[${text}]`).hostname.slice(1, -1);
  }

  it('are the same, directly and by way of a request', async () => {
    const issuer = await makeTestIssuer('CA', 0);
    await fc.assert(
      fc.asyncProperty(arbitrary, async (asked) => {
        const times = { notBefore: asked.notBefore, notAfter: asked.notBefore + 1, serial: asked.serial };
        const own = value(readCertificate(value(await selfSign(key, { ...asked, ...times }))));
        const { sans, ekus, keyUsage, basicConstraints } = own;
        const is = { sans: { ...asked.sans }, ekus: asked.ekus, keyUsage: asked.keyUsage };
        assert.deepEqual(
          { sans, ekus, keyUsage, basicConstraints },
          { ...is, basicConstraints: { ...asked.basicConstraints } },
        );
        assert.deepEqual([own.notBefore, own.notAfter], [times.notBefore, times.notAfter]);
        assert.equal(own.serial.length, 2 * asked.serial.length);
        assert.equal(own.issuer, own.subject);
        const request = value(await makeRequest(key, asked));
        const issued = value(readCertificate(value(await issue({ request, issuer, ...times }))));
        const { thumbprint } = issued;
        assert.deepEqual(issued, { ...own, issuer: 'CN=CA', thumbprint, basicConstraints: { ca: false } });
        // A subject that was read can be written, and is the same again.
        const again = value(await selfSign(key, { ...asked, ...times, subject: own.subject }));
        assert.equal(value(readCertificate(again)).subject, own.subject);
      }),
    );
  });
});

describe('a key', () => {
  for (const kind of kinds.filter((one) => one !== 'RSA 3072' && one !== 'RSA 4096')) {
    it(`of ${kind} matches its own certificate, with and without its private part, and no other`, async () => {
      const key = material(kind);
      const own = await selfSigned(key);
      assert.ok(matches(key, own));
      assert.ok(matches(value(readCertificate(own)).publicKey, own));
      for (const other of [await selfSigned(ec('prime256v1')), await selfSigned(ec('secp256k1')), own.subarray(1)]) {
        assert.ok(!matches(key, other));
      }
      assert.ok(!matches({ kty: 'oct' }, own));
    });
  }
});

it('a certificate of version 1, without extensions, is read', async () => {
  const body = wholeSequence(await selfSigned(ec('prime256v1')), 'it').sequence('it');
  body.any('its version');
  const [serial, algorithm, ...rest] = Array.from({ length: 6 }, () => body.any('a part').whole);
  assert.ok(serial && algorithm);
  const der = sequence(sequence(serial, algorithm, ...rest), algorithm, bitString(Buffer.alloc(1)));
  const { subject, sans, basicConstraints, keyUsage } = value(readCertificate(der));
  assert.deepEqual([subject, keyUsage], ['CN=www.example.com, O=Contoso, C=US', []]);
  assert.deepEqual(basicConstraints, { ca: false });
  assert.deepEqual(sans.dnsNames, []);
});

it('a version is a number up to 3, and nothing else', async () => {
  const body = wholeSequence(await selfSigned(ec('prime256v1')), 'it').sequence('it');
  body.any('its version');
  const [serial, algorithm, ...rest] = Array.from({ length: 7 }, () => body.any('a part').whole);
  assert.ok(serial && algorithm);
  const withVersion = (...version: readonly Uint8Array[]) =>
    readCertificate(
      sequence(sequence(explicit(0, ...version), serial, algorithm, ...rest), algorithm, bitString(Buffer.alloc(1))),
    );
  assert.equal(kindOf(withVersion(integer(2))), 'ok');
  assert.match(textOf(withVersion(integer(3))), /its version is 4, and the highest is 3/);
  for (const other of [[], [sequence(integer(2))], [integer(2), integer(2)]]) {
    assert.equal(kindOf(withVersion(...other)), 'malformed');
  }
});

it('an object identifier has at most 64 bytes, and a longer one is not read, because that takes time in their square', () => {
  let read = 0;
  class Counted extends Uint8Array {
    override *[Symbol.iterator](): ArrayIterator<number> {
      for (const octet of super[Symbol.iterator]()) {
        read += 1;
        yield octet;
      }
    }
  }
  const identifier = (length: number) => new Counted(length).fill(0xff, 0, -1);
  assert.equal(readObjectIdentifier(identifier(64), 'it'), `2.${(2n ** 441n - 1n) * 128n - 80n}`);
  assert.equal(read, 64);
  assert.throws(() => readObjectIdentifier(identifier(65), 'it'), { message: 'it is not an object identifier' });
  assert.equal(read, 64);
});

describe('bytes that are not a certificate', () => {
  const altered = async (find: string, replace: string) => {
    const der = await selfSign(ec('prime256v1'), {
      subject: 'CN=a',
      ekus: [],
      keyUsage: ['digitalSignature'],
      ...validity,
    });
    const text = Buffer.from(value(der)).toString('hex');
    assert.ok(text.includes(find), find);
    return Buffer.from(text.replace(find, replace), 'hex');
  };
  const alterations: readonly (readonly [string, string, string])[] = [
    ['0603551d0f', '0603551d13', 'the extension 2.5.29.19 appears twice'],
    // 31 November.
    [
      Buffer.from('260101000000Z').toString('hex'),
      Buffer.from('261131000000Z').toString('hex'),
      'its start is not a time as RFC 5280 writes it',
    ],
    // ecdsa-with-SHA384 in the body, SHA256 after it.
    ['2a8648ce3d040302', '2a8648ce3d040303', 'it names two signature algorithms'],
    ['0603551d0f0101ff0404', '0603551d0f0101ff0403', 'an extension has something after its end'],
  ];
  for (const [find, replace, detail] of alterations) {
    it(`are refused: ${detail}`, async () => {
      const text = textOf(readCertificate(await altered(find, replace)));
      assert.equal(text, `This is not a certificate that can be read: ${detail}.`);
    });
  }

  const foreign: readonly (readonly [string, Buffer, string])[] = [
    ['nothing', Buffer.alloc(0), 'the certificate is missing where the certificate should have it'],
    ['a text', Buffer.from('-----BEGIN'), 'the certificate is missing where the certificate should have it'],
    ['an indefinite length', Buffer.from('3080', 'hex'), 'the length of the certificate is not as DER writes it'],
    [
      'a long length',
      Buffer.from('3081023000', 'hex'),
      'the certificate has a length that is not in its shortest form',
    ],
    ['too many bytes', Buffer.from('30843fffffff', 'hex'), 'the certificate is cut short'],
  ];
  for (const [what, bytes, detail] of foreign) {
    it(`such as ${what} are refused`, () => {
      assert.equal(textOf(readCertificate(bytes)), `This is not a certificate that can be read: ${detail}.`);
    });
  }
});
