import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { writePem } from '../../../src/crypto/certificates/pem.ts';
import { readPkcs12, writePkcs12 } from '../../../src/crypto/certificates/pkcs12.ts';
import type { CertifiedMaterial } from '../../../src/types/certificate.ts';
import { notRun } from '../../not-run.ts';
import { anyCharacter } from '../../world/any-character.ts';
import { ec, hex, kinds, kindOf, material, pem, selfSigned, textOf, value, withChain } from './material.ts';
import { file, hasOpenssl, hasPbmac1, openssl, run } from './openssl.ts';

/**
 * The ways in which `openssl pkcs12 -export` can protect a file, now and formerly; `-legacy` also where RC2 needs it.
 */
const protections: Readonly<Record<string, readonly string[]>> = {
  'as OpenSSL 3 does it': [],
  'as OpenSSL 1 and Windows did': ['-legacy'],
  'with 3DES': ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
  'with 3DES of two keys and RC2 of 128 bits': ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-2DES'],
  'with AES-128 and AES-192': ['-certpbe', 'AES-128-CBC', '-keypbe', 'AES-192-CBC'],
  'with 3DES in PBES2': ['-certpbe', 'DES-EDE3-CBC', '-keypbe', 'DES-EDE3-CBC'],
  'with SHA-384': ['-macalg', 'sha384'],
  'with SHA-512': ['-macalg', 'sha512'],
  'with one round': ['-iter', '1'],
  'with 20,000 rounds': ['-iter', '20000'],
  'without a MAC': ['-nomac'],
  'with RC2 and without a MAC': ['-legacy', '-nomac'],
  'with unencrypted certificates': ['-certpbe', 'NONE'],
};

const pbmac1Protections: Readonly<Record<string, readonly string[]>> = {
  'with PBMAC1': ['-pbmac1_pbkdf2'],
  'with PBMAC1 of SHA-512': ['-pbmac1_pbkdf2', '-pbmac1_pbkdf2_md', 'sha512', '-macalg', 'sha512'],
};

const passwords = ['password', 'pä𝕏 "; \\', ''];

function exported(own: CertifiedMaterial, password: string, ...args: readonly string[]): Buffer {
  const [leaf, ...chain] = own.certificates;
  const input = writePem({ ...own, certificates: leaf === undefined ? [] : [leaf] });
  const more = chain.length === 0 ? [] : ['-certfile', file(pem(...chain.toReversed()))];
  return openssl(['pkcs12', '-export', '-passout', `pass:${password}`, ...more, ...args], input);
}

function assertSame(found: CertifiedMaterial, expected: CertifiedMaterial): void {
  assert.deepEqual(found.material, expected.material);
  assert.deepEqual(hex(found.certificates), hex(expected.certificates));
}

if (hasOpenssl) {
  describe('a PKCS #12 file of openssl', () => {
    let chained: CertifiedMaterial;
    before(async () => {
      chained = await withChain(material('P-256'));
    });

    for (const [title, args] of Object.entries({ ...protections, ...(hasPbmac1 && pbmac1Protections) })) {
      for (const password of passwords) {
        it(`${title}, with the password ${JSON.stringify(password)}, is read, but not with another`, async () => {
          const bytes = exported(chained, password, ...args);
          assertSame(value(await readPkcs12(bytes, password)), chained);
          const wrong = args.includes('-nomac') ? 'notDecrypted' : 'wrongPassword';
          for (const other of [`${password}x`, 'Password', ...(password === '' ? [] : [''])]) {
            assert.equal(kindOf(await readPkcs12(bytes, other)), wrong, other);
          }
        });
      }
    }

    for (const kind of kinds) {
      it(`with a key of ${kind} is read, with and without a name`, async () => {
        const own = { material: material(kind), certificates: [await selfSigned(material(kind))] };
        for (const args of [
          [],
          ['-name', 'Ein Name', '-caname', 'x'],
          ['-legacy', '-CSP', 'Microsoft Provider', '-LMK'],
        ]) {
          assertSame(value(await readPkcs12(exported(own, 'p', ...args), 'p')), own);
        }
      });
    }

    it('without encryption and MAC needs no password, and accepts any', async () => {
      const bytes = exported(chained, '', '-certpbe', 'NONE', '-keypbe', 'NONE', '-nomac');
      assertSame(value(await readPkcs12(bytes, '')), chained);
      assertSame(value(await readPkcs12(bytes, 'anything')), chained);
    });

    const refused: readonly (readonly [string, readonly string[], string])[] = [
      [
        'with RC4',
        ['-legacy', '-certpbe', 'PBE-SHA1-RC4-128'],
        'The encryption PBES1 with 128 bit RC4 (1.2.840.113549.1.12.1.1) is not supported; ' +
          'PBES2 with AES or 3DES in CBC mode, and PBES1 with 3DES or RC2 are.',
      ],
      [
        'with Camellia',
        ['-keypbe', 'CAMELLIA-256-CBC'],
        'The encryption PBES2 with Camellia (1.2.392.200011.61.1.1.1.4) is not supported; ' +
          'PBES2 with AES or 3DES in CBC mode, and PBES1 with 3DES or RC2 are.',
      ],
      [
        'with single DES',
        ['-legacy', '-keypbe', 'PBE-MD5-DES'],
        'The encryption PBES1 with MD5 and DES (1.2.840.113549.1.5.3) is not supported; ' +
          'PBES2 with AES or 3DES in CBC mode, and PBES1 with 3DES or RC2 are.',
      ],
      [
        'with MD5',
        ['-macalg', 'md5'],
        'The authentication code MD5 (1.2.840.113549.2.5) is not supported; PBMAC1, and HMAC with SHA-1 or SHA-2 are.',
      ],
      ['without its key', ['-nokeys'], 'The PKCS #12 file holds no private key.'],
    ];
    for (const [title, args, text] of refused) {
      it(`${title} is refused`, async () => {
        assert.equal(textOf(await readPkcs12(exported(chained, 'p', ...args), 'p')), text);
      });
    }

    it('without certificates, or with only those of other keys, is refused', async () => {
      const key = writePem({ material: chained.material, certificates: [] });
      const bare = openssl(['pkcs12', '-export', '-nocerts', '-passout', 'pass:p'], key);
      assert.equal(textOf(await readPkcs12(bare, 'p')), 'The PKCS #12 file holds no certificate.');
      const certificates = ['-certfile', file(pem(await selfSigned(ec('prime256v1'))))];
      const foreign = openssl(['pkcs12', '-export', '-nocerts', '-passout', 'pass:p', ...certificates], key);
      const found = await readPkcs12(foreign, 'p');
      assert.ok(['keyDoesNotMatch', 'noCertificate'].includes(kindOf(found)), textOf(found));
    });
  });

  describe('a file that Postern writes', () => {
    for (const kind of kinds) {
      it(`with a key of ${kind} is read by openssl without its legacy module`, async () => {
        const own = await withChain(material(kind));
        for (const password of passwords) {
          const path = file(await writePkcs12(own, password));
          const open = ['pkcs12', '-in', path, '-passin', `pass:${password}`];
          const key = openssl([...open, '-nocerts', '-noenc']);
          assert.equal(openssl(['pkey'], key).toString(), writePem({ ...own, certificates: [] }));
          const [leaf = '', ...chain] = [['-clcerts'], ['-cacerts']].flatMap(
            (which) =>
              openssl([...open, '-nokeys', ...which])
                .toString()
                .match(/-----BEGIN[^]*?-----END CERTIFICATE-----\n/g) ?? [],
          );
          const lines = (text: string) => text.replaceAll(/-----.*-----|\n/g, '');
          assert.deepEqual(
            [leaf, ...chain].map(lines),
            own.certificates.map((der) => Buffer.from(der).toString('base64')),
          );
        }
      });
    }

    it('is protected as OpenSSL 3 does, and opens only with its password', async () => {
      const own = { material: material('P-256'), certificates: [await selfSigned(material('P-256'))] };
      const path = file(await writePkcs12(own, 'password'));
      const { text } = run(['pkcs12', '-in', path, '-passin', 'pass:password', '-info', '-noout']);
      assert.match(text, /MAC: sha256, Iteration 2048\n/);
      assert.equal(text.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256/g)?.length, 2);
      assert.match(run(['pkcs12', '-in', path, '-passin', 'pass:', '-noout']).text, /invalid password/);
    });
  });
  if (!hasPbmac1) notRun('PKCS #12 files with PBMAC1', 'it needs openssl 3.4');
} else notRun('PKCS #12 files of openssl, and ours read by it', 'there is no openssl 3 on PATH');

describe('PKCS #12', () => {
  it('is read as it was written, with any password', async () => {
    const chains = await Promise.all([material('RSA 2048'), material('P-521'), material('P-256K')].map(withChain));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...chains),
        fc.integer({ min: 1, max: 3 }),
        fc.string({ unit: anyCharacter, maxLength: 80 }),
        async (chain, count, password) => {
          const own = { ...chain, certificates: chain.certificates.slice(0, count) };
          const bytes = await writePkcs12(own, password);
          assertSame(value(await readPkcs12(bytes, password)), own);
          assert.equal(kindOf(await readPkcs12(bytes, `${password}a`)), 'wrongPassword');
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is never the same twice, because salts and initialization vectors are random', async () => {
    const own = { material: material('P-256'), certificates: [await selfSigned(material('P-256'))] };
    const [one, other] = await Promise.all([writePkcs12(own), writePkcs12(own)]);
    assert.notDeepEqual(one, other);
  });
});
