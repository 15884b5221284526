import { authenticatedFile, dataOf } from './authenticated-file.ts';
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  der,
  explicit,
  integer,
  derNull,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tags,
} from '../../../src/crypto/certificates/der-write.ts';
import { readPkcs12, writePkcs12 } from '../../../src/crypto/certificates/pkcs12.ts';
import { toPkcs8Der } from '../../../src/crypto/key-material.ts';
import type { CertifiableKey, CertifiedMaterial } from '../../../src/types/certificate.ts';
import { ec, hex, kindOf, material, selfSigned, textOf, value, withChain } from './material.ts';

const bags = '1.2.840.113549.1.12.10.1';

/** A file with these bags, without encryption and MAC. */
function fileOf(...contents: readonly Buffer[]): Buffer {
  return sequence(integer(3), dataOf(sequence(dataOf(sequence(...contents)))));
}

function bag(type: number, content: Buffer): Buffer {
  return sequence(objectIdentifier(`${bags}.${type}`), explicit(0, content));
}

function keyBag(key: CertifiableKey): Buffer {
  return bag(1, Buffer.from(toPkcs8Der(key)));
}

function certificateBag(certificate: Uint8Array, type = '1.2.840.113549.1.9.22.1'): Buffer {
  return bag(3, sequence(objectIdentifier(type), explicit(0, octetString(certificate))));
}

/** An encrypted key whose PBKDF2 demands so many rounds. */
function shroudedKeyBag(iterations: number): Buffer {
  const parameters = sequence(octetString(Buffer.alloc(8)), integer(iterations));
  const derivation = sequence(objectIdentifier('1.2.840.113549.1.5.12'), parameters);
  const scheme = sequence(objectIdentifier('2.16.840.1.101.3.4.1.42'), octetString(Buffer.alloc(16)));
  const algorithm = sequence(objectIdentifier('1.2.840.113549.1.5.13'), sequence(derivation, scheme));
  return bag(2, sequence(algorithm, octetString(Buffer.alloc(160))));
}

function tooMuchWork(most: number): string {
  return `The PKCS #12 file asks for more than ${most} rounds of key derivation. Write it with fewer: OpenSSL's default is 2048 (-iter).`;
}

/** The same in BER, as programs write it that do not know the length yet: indefinite lengths, strings in pieces. */
function openEnded(bytes: Buffer): Buffer {
  const [tag = 0, first = 0] = bytes;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const content = bytes.subarray(2 + octets);
  const end = Buffer.alloc(2);
  if (tag === tags.octetString) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < content.length; at += 100) pieces.push(octetString(content.subarray(at, at + 100)));
    return Buffer.concat([Buffer.from([0x24, 0x80]), ...pieces, end]);
  }
  if (tag === 0x80) {
    const [half, rest] = [content.subarray(0, 64), content.subarray(64)];
    return Buffer.concat([Buffer.from([0xa0, 0x80]), octetString(half), octetString(rest), end]);
  }
  if ((tag & 0x20) === 0) return bytes;
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length;) {
    const length = wholeLength(content.subarray(at));
    parts.push(openEnded(content.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat([Buffer.from([tag, 0x80]), ...parts, end]);
}

function wholeLength(bytes: Buffer): number {
  const first = bytes.readUInt8(1);
  const octets = first < 0x80 ? 0 : first & 0x7f;
  return 2 + octets + (octets === 0 ? first : bytes.readUIntBE(2, octets));
}

describe('the form of a PKCS #12 file', () => {
  let chained: CertifiedMaterial;
  let certificates: Buffer[];
  before(async () => {
    chained = await withChain(material('P-256'));
    certificates = chained.certificates.map((certificate) => certificateBag(certificate));
  });

  async function assertRead(bytes: Uint8Array, password = ''): Promise<void> {
    const found = value(await readPkcs12(bytes, password));
    assert.deepEqual(found.material, chained.material);
    assert.deepEqual(hex(found.certificates), hex(chained.certificates));
  }

  it('needs no attribute that pairs the key with its certificate, and no particular order', async () => {
    await assertRead(fileOf(...certificates.toReversed(), keyBag(chained.material)));
  });

  it('may be BER, with indefinite lengths and strings in pieces', async () => {
    await assertRead(openEnded(fileOf(keyBag(chained.material), ...certificates)));
    await assertRead(openEnded(Buffer.from(await writePkcs12(chained, 'password'))), 'password');
  });

  it('may have bags in bags, to some depth', async () => {
    const nested = (depth: number): Buffer =>
      depth === 0 ? keyBag(chained.material) : bag(6, sequence(nested(depth - 1)));
    await assertRead(fileOf(nested(4), ...certificates));
    const text = textOf(await readPkcs12(fileOf(nested(5), ...certificates), ''));
    assert.equal(text, 'This is not a PKCS #12 file that can be read: its bags are nested too deep.');
  });

  const malformed = (detail: string) => `This is not a PKCS #12 file that can be read: ${detail}.`;
  const opening = 'it does not begin with 0x30, as a DER sequence does';
  const faults: readonly (readonly [string, () => Buffer, string])[] = [
    [
      'two keys',
      () => fileOf(keyBag(chained.material), keyBag(ec('prime256v1')), ...certificates),
      'The PKCS #12 file holds several private keys; one is needed.',
    ],
    ['no key', () => fileOf(...certificates), 'The PKCS #12 file holds no private key.'],
    ['no certificate', () => fileOf(keyBag(chained.material)), 'The PKCS #12 file holds no certificate.'],
    [
      'another key',
      () => fileOf(keyBag(ec('prime256v1')), ...certificates),
      'The private key belongs to none of the certificates.',
    ],
    [
      'a revocation list',
      () => fileOf(keyBag(chained.material), bag(4, sequence()), ...certificates),
      `The PKCS #12 bag a revocation list (${bags}.4) is not supported; private keys, certificates and bags of them are.`,
    ],
    [
      'a secret',
      () => fileOf(keyBag(chained.material), bag(5, sequence()), ...certificates),
      `The PKCS #12 bag a secret (${bags}.5) is not supported; private keys, certificates and bags of them are.`,
    ],
    [
      'an SDSI certificate',
      () => fileOf(certificateBag(Buffer.alloc(1), '1.2.840.113549.1.9.22.2')),
      'The certificate type an SDSI certificate (1.2.840.113549.1.9.22.2) is not supported; X.509 is.',
    ],
    [
      'what is signed with a public key',
      () => sequence(integer(3), sequence(objectIdentifier('1.2.840.113549.1.7.2'), explicit(0, sequence()))),
      'The content type signed data (1.2.840.113549.1.7.2) is not supported; data and data encrypted with a password are.',
    ],
    ['of another version', () => sequence(integer(2), dataOf(sequence())), malformed('its version is not 3')],
    [
      'followed by something',
      () => Buffer.concat([fileOf(), Buffer.alloc(1)]),
      malformed('there is something after its end'),
    ],
    [
      'a string with a piece that is not a string',
      () => sequence(der(0x24, integer(1))),
      malformed('a string has pieces that are not strings'),
    ],
    [
      'a key that cannot be read',
      () => fileOf(bag(1, sequence(integer(0)))),
      malformed('its private key cannot be read'),
    ],
    [
      'a certificate that cannot be read',
      () => fileOf(keyBag(chained.material), certificateBag(Buffer.from('3000', 'hex'))),
      malformed('the certificate is missing where the certificate should have it'),
    ],
    ['nothing', () => Buffer.alloc(0), malformed(opening)],
    ['nothing but zeros', () => Buffer.alloc(1_000), malformed(opening)],
    ['a text', () => Buffer.from('-----BEGIN CERTIFICATE-----'), malformed(opening)],
    [
      'nested without end',
      () => Buffer.alloc(1_000_000, Buffer.from([0x30, 0x80])),
      malformed('it has tags that such files never have'),
    ],
    ['too large', () => Buffer.alloc(1_048_577), 'The PKCS #12 file has 1048577 bytes; at most 1048576 are read.'],
    ['too much work for PBKDF2', () => fileOf(shroudedKeyBag(0x7fff_ffff)), tooMuchWork(2_000_000)],
    ['too much work for its code', () => authenticatedFile(0x7fff_ffff), tooMuchWork(2_000_000)],
    ['too much work of the expensive kind for its code', () => authenticatedFile(700_001), tooMuchWork(700_000)],
    [
      'more work than fits into a number',
      () => authenticatedFile(0x80_0000_0000),
      malformed('its number of rounds is out of range'),
    ],
    ['no work at all', () => authenticatedFile(0), malformed('the key derivation has no iterations')],
  ];
  for (const [what, bytes, text] of faults) {
    it(`is not ${what}`, async () => {
      assert.equal(textOf(await readPkcs12(bytes(), '')), text);
    });
  }

  it('may demand much work, but no more in several derivations than in one', async () => {
    // SHA-1 fills the 32 bytes of the key in two blocks, and an empty password is tried in two forms.
    const refusals = await Promise.all(
      [100_000, 499_999, 500_001].map(async (rounds) => textOf(await readPkcs12(fileOf(shroudedKeyBag(rounds)), ''))),
    );
    assert.deepEqual(refusals, [
      'The PKCS #12 file does not decrypt: the password is wrong, or the file is damaged.',
      'The PKCS #12 file does not decrypt: the password is wrong, or the file is damaged.',
      tooMuchWork(2_000_000),
    ]);
  });

  it('that demands much work leaves turns of the event loop to others', async () => {
    let turns = 0;
    let isOver = false;
    const take = () => {
      turns += 1;
      if (!isOver) setImmediate(take);
    };
    setImmediate(take);
    assert.equal(kindOf(await readPkcs12(authenticatedFile(100_000), 'password')), 'wrongPassword');
    isOver = true;
    // One for every 4,096 rounds.
    assert.ok(turns >= 24, `${turns} turns`);
  });

  it('may have 20,000 values in all its safes together', async () => {
    const [leaf, ...others] = chained.certificates.map((one) => certificateBag(one));
    assert.ok(leaf);
    /** Attributes of bags are read as BER, and ignored. */
    const withAttributes = (...counts: readonly number[]) => {
      const safes = counts.map((count) => {
        const attributes = set(...Array.from({ length: count }, () => derNull));
        const marked = sequence(leaf.subarray(4), attributes);
        return dataOf(sequence(marked));
      });
      return sequence(integer(3), dataOf(sequence(dataOf(sequence(keyBag(chained.material), ...others)), ...safes)));
    };
    const most = 'This is not a PKCS #12 file that can be read: it has more than 20000 values.';
    assert.equal(textOf(await readPkcs12(withAttributes(10_000, 10_000), '')), most);
    const read = value(await readPkcs12(withAttributes(10_000, 9_900), ''));
    assert.deepEqual(hex(read.certificates), hex(chained.certificates));
  });

  it('with only a self-signed certificate is a chain of one', async () => {
    const own = await selfSigned(chained.material);
    const found = value(await readPkcs12(fileOf(keyBag(chained.material), certificateBag(own)), ''));
    assert.deepEqual(hex(found.certificates), hex([own]));
  });
});
