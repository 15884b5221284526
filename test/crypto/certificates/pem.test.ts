import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  integer,
  derNull,
  objectIdentifier,
  octetString,
  sequence,
} from '../../../src/crypto/certificates/der-write.ts';
import { readPem, writePem } from '../../../src/crypto/certificates/pem.ts';
import { privateKeyObject } from '../../../src/crypto/key-material.ts';
import type { CertifiableKey, CertifiedMaterial } from '../../../src/types/certificate.ts';
import type { RsaKeyMaterial } from '../../../src/types/key.ts';
import { notRun } from '../../not-run.ts';
import { ec, hex, kinds, material, pem, selfSigned, textOf, value, withChain } from './material.ts';
import { file, hasOpenssl, openssl } from './openssl.ts';

function pkcs8(key: CertifiableKey): string {
  return privateKeyObject(key).export({ format: 'pem', type: 'pkcs8' });
}

describe('PEM', () => {
  let chained: CertifiedMaterial;
  let key: string;
  before(async () => {
    chained = await withChain(material('P-256'));
    key = pkcs8(chained.material);
  });

  it('is read as it was written', () => {
    const read = value(readPem(writePem(chained)));
    assert.deepEqual(read.material, chained.material);
    assert.deepEqual(hex(read.certificates), hex(chained.certificates));
  });

  it('has the key first, then the certificates from the leaf on', () => {
    const labels = Array.from(writePem(chained).matchAll(/BEGIN ([A-Z ]+)/g), ([, label]) => label);
    assert.deepEqual(labels, ['PRIVATE KEY', 'CERTIFICATE', 'CERTIFICATE', 'CERTIFICATE']);
  });

  it('may have them in any order, twice, with remarks, and those outside the chain come last', async () => {
    const stranger = await selfSigned(ec('prime256v1'));
    const [leaf, between, root] = chained.certificates;
    assert.ok(leaf && between && root);
    const text = `A remark\n${pem(root, stranger, leaf)}${key}Another\n${pem(between, leaf)}`;
    assert.deepEqual(hex(value(readPem(text)).certificates), hex([leaf, between, root, stranger]));
  });

  it('of an authority that changed its key has the issuer that signed, not one of the same name', async () => {
    const [leaf, between, root] = chained.certificates;
    const other = await withChain(material('P-256'));
    const [, otherBetween, otherRoot] = other.certificates;
    assert.ok(leaf && between && root && otherBetween && otherRoot);
    const read = value(readPem(key + pem(otherRoot, otherBetween, root, between, leaf)));
    assert.deepEqual(hex(read.certificates), hex([leaf, between, root, otherRoot, otherBetween]));
  });

  it('without a key has the certificates in its own order, and no key', () => {
    const [leaf, between, root] = chained.certificates;
    assert.ok(leaf && between && root);
    const read = value(readPem(pem(root, leaf, between)));
    assert.deepEqual(hex(read.certificates), hex([root, leaf, between]));
    assert.equal(read.material, undefined);
  });

  const faults: readonly (readonly [string, () => string | Promise<string>, string])[] = [
    ['nothing', () => '', 'This is not a PEM file that can be read: it has no line -----BEGIN CERTIFICATE-----.'],
    [
      'base64 alone',
      () => Buffer.from(key).toString('base64'),
      'This is not a PEM file that can be read: it has no line -----BEGIN CERTIFICATE-----.',
    ],
    ['a key alone', () => key, 'The PEM file holds no certificate.'],
    [
      'two keys',
      () => key + pkcs8(ec('prime256v1')) + pem(...chained.certificates),
      'The PEM file holds several private keys; one is needed.',
    ],
    [
      'another key',
      () => pkcs8(ec('prime256v1')) + pem(...chained.certificates),
      'The private key belongs to none of the certificates.',
    ],
    [
      'a file that ends early',
      () => writePem(chained).slice(0, -40),
      'This is not a PEM file that can be read: a block does not end with the line that matches its beginning.',
    ],
    [
      'mixed labels',
      () => key.replace('END PRIVATE KEY', 'END RSA PRIVATE KEY'),
      'This is not a PEM file that can be read: a block does not end with the line that matches its beginning.',
    ],
    [
      'a foreign character',
      () => key + pem(...chained.certificates).replace('MII', 'M*I'),
      'This is not a PEM file that can be read: the CERTIFICATE in it is not base64.',
    ],
    [
      'an empty block',
      () => `${key}-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n`,
      'This is not a PEM file that can be read: the CERTIFICATE in it is not base64.',
    ],
    [
      'a public key',
      () => key.replaceAll('PRIVATE', 'PUBLIC'),
      'This is not a PEM file that can be read: a PUBLIC KEY is neither a certificate nor a private key.',
    ],
    [
      'a key of other bytes',
      () => '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      'This is not a PEM file that can be read: its private key cannot be read.',
    ],
    [
      'an encrypted key',
      () =>
        privateKeyObject(chained.material).export({
          format: 'pem',
          type: 'pkcs8',
          cipher: 'aes-256-cbc',
          passphrase: 'x',
        }) + pem(...chained.certificates),
      'The private key is encrypted. Give its password (pwd), or decrypt the file first (openssl pkey).',
    ],
    [
      'an old encrypted key',
      () =>
        privateKeyObject(chained.material).export({
          format: 'pem',
          type: 'sec1',
          cipher: 'aes-256-cbc',
          passphrase: 'x',
        }),
      'The private key is encrypted. Write it without a password (openssl pkey), or use a PKCS #12 file.',
    ],
    [
      'a file with the line ends of Windows',
      () => writePem(chained).replaceAll('\n', '\r\n'),
      'This is not a PEM file that can be read: its lines end in CR LF, and only LF is accepted.',
    ],
    ['too much', () => ' '.repeat(1_048_577), 'The PEM file has 1048577 bytes; at most 1048576 are read.'],
    ['too many certificates', () => manyCertificates(51), 'The PEM file holds 51 certificates; at most 50 are read.'],
  ];
  for (const [what, text, refusal] of faults) {
    it(`is not ${what}`, async () => {
      assert.equal(textOf(readPem(await text())), refusal);
    });
  }

  it('may be 50 certificates', async () => {
    assert.equal(value(readPem(await manyCertificates(50))).certificates.length, 50);
  });
});

async function manyCertificates(count: number): Promise<string> {
  const key = ec('prime256v1');
  const many = Array.from({ length: count }, (_, at) => selfSigned(key, { subject: `CN=${at}` }));
  return pem(...(await Promise.all(many)));
}

describe('a private key with inconsistent parts', () => {
  it('is refused for RSA', () => {
    const key = material('RSA 2048');
    assert.ok(key.kty === 'RSA');
    assert.equal(textOf(readPem(unchecked(key))), 'The PEM file holds no certificate.');
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
      const bytes = Buffer.from(key[member], 'base64url');
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 4, bytes.length - 1);
      const wrong = { ...key, [member]: bytes.toString('base64url') };
      assert.match(textOf(readPem(unchecked(wrong))), /^The RSA key's members do not belong together: /, member);
    }
  });

  it('is refused for EC', () => {
    // OpenSSL writes the point of one key with the number of another, if it is told to.
    const [one, other] = [ec('prime256v1'), ec('prime256v1')];
    assert.ok(one.kty === 'EC' && other.kty === 'EC');
    const swapped = Buffer.from(privateKeyObject(one).export({ format: 'der', type: 'pkcs8' }));
    swapped.set(Buffer.from(other.d, 'base64url'), swapped.indexOf(Buffer.from(one.d, 'base64url')));
    const text = `-----BEGIN PRIVATE KEY-----\n${swapped.toString('base64')}\n-----END PRIVATE KEY-----\n`;
    assert.equal(
      textOf(readPem(text)),
      "The EC key's members do not belong together: x and y are not the public key of d.",
    );
  });
});

/** RFC 8017 appendix A.1.2 in PKCS #8, with unchecked members. */
function unchecked({ n, e, d, p, q, dp, dq, qi }: RsaKeyMaterial): string {
  const numbers = [n, e, d, p, q, dp, dq, qi].map((member) => integer(Buffer.from(member, 'base64url')));
  const algorithm = sequence(objectIdentifier('1.2.840.113549.1.1.1'), derNull);
  const body = sequence(integer(0), algorithm, octetString(sequence(integer(0), ...numbers))).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
}

function traditional(label: string): string {
  const way = `it has an ${label}; convert it with openssl pkcs8 -topk8 -nocrypt`;
  return `This is not a PEM file that can be read: only keys in PKCS #8 are accepted, and ${way}.`;
}

if (hasOpenssl) {
  describe('with openssl', () => {
    for (const kind of kinds) {
      it(`a key of ${kind} is exchanged both ways, and refused in its traditional form`, async () => {
        const own = { material: material(kind), certificates: [await selfSigned(material(kind))] };
        const written = file(writePem(own));
        const certificate = openssl(['x509', '-in', written]);
        const read = value(readPem(`${openssl(['pkey', '-in', written]).toString()}${certificate.toString()}`));
        assert.deepEqual(read.material, own.material);
        assert.deepEqual(hex(read.certificates), hex(own.certificates));
        const key = openssl(['pkey', '-in', written, '-traditional']).toString();
        assert.equal(
          textOf(readPem(`${key}${certificate.toString()}`)),
          traditional(`${own.material.kty} PRIVATE KEY`),
        );
      });
    }

    it('a key with the parameters that `openssl ecparam -genkey` writes before it is refused too', () => {
      const key = openssl(['ecparam', '-genkey', '-name', 'secp384r1']).toString();
      assert.equal(textOf(readPem(key)), traditional('EC PARAMETERS'));
    });
  });
} else notRun('PEM that openssl wrote, and ours read by it', 'there is no openssl 3 on PATH');
