import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeName, nameFromDer } from '../../../src/crypto/certificates/name.ts';
import { notRun } from '../../not-run.ts';
import { anyCharacter } from '../../world/any-character.ts';
import { ec, selfSigned, textOf, value } from './material.ts';
import { hasOpenssl, openssl } from './openssl.ts';

/** A subject as it may be written, and as it is read back. */
const subjects: readonly (readonly [string, string])[] = [
  // Only ASCII spaces around a value are not part of it.
  ['CN= \t\u3000a\u00a0 \t', 'CN=\u3000a\u00a0'],
  [String.raw`CN=\20`, String.raw`CN=\ `],
  [String.raw`CN=\20\20`, String.raw`CN=\ \ `],
  ['CN=www.example.com', 'CN=www.example.com'],
  ['CN=www.example.com, O=Contoso, C=US', 'CN=www.example.com, O=Contoso, C=US'],
  [
    'C=US, ST=WA, L=Redmond, O=Contoso, OU=Contoso HR, CN=www.contoso.com',
    'C=US, ST=WA, L=Redmond, O=Contoso, OU=Contoso HR, CN=www.contoso.com',
  ],
  ['cn=a,o=b;c=de', 'CN=a, O=b, C=de'],
  ['  CN =  a  b  ,  O = c  ', 'CN=a  b, O=c'],
  [String.raw`CN=a, O=Contoso\, Inc.`, String.raw`CN=a, O=Contoso\, Inc.`],
  ['CN=a, O="Contoso, Inc."', String.raw`CN=a, O=Contoso\, Inc.`],
  ['O="say ""yes"", or \\"no\\""', String.raw`O=say \"yes\"\, or \"no\"`],
  ['CN=a + OU=b, O=c', 'CN=a + OU=b, O=c'],
  ['OU=two, OU=one', 'OU=two, OU=one'],
  [String.raw`CN=J\C3\B6rg`, 'CN=Jörg'],
  [String.raw`CN=\ a\ `, String.raw`CN=\ a\ `],
  [String.raw`CN=a\\ , O=b`, String.raw`CN=a\\, O=b`],
  [String.raw`CN=\#1`, String.raw`CN=\#1`],
  ['CN=a=b', 'CN=a=b'],
  ['S=WA, G=Ann, SN=Lee, E=a@b.example', 'ST=WA, GN=Ann, SN=Lee, E=a@b.example'],
  ['emailAddress=a@b.example, DC=example, DC=com, UID=x', 'E=a@b.example, DC=example, DC=com, UID=x'],
  ['2.5.4.3=a, OID.2.5.4.10=b, 1.2.3.4=c', 'CN=a, O=b, 1.2.3.4=c'],
  ['CN=#0c0161', 'CN=a'],
  ['1.2.3.4=#020105', '1.2.3.4=#020105'],
  ['', ''],
];

const faults: readonly (readonly [string, string])[] = [
  ['www.example.com', 'has "www.example.com" where NAME=value is expected, as in CN=www.example.com, O=Contoso.'],
  ['CN=a,', 'has "" where NAME=value is expected, as in CN=www.example.com, O=Contoso.'],
  ['CN=a,,O=b', 'has ",O=b" where NAME=value is expected, as in CN=www.example.com, O=Contoso.'],
  [' ', 'has "" where NAME=value is expected, as in CN=www.example.com, O=Contoso.'],
  ['/CN=a/O=b', 'has "/CN=a/O=b" where NAME=value is expected, as in CN=www.example.com, O=Contoso.'],
  [
    'XY=a',
    'names an unknown attribute XY. Known are CN, O, OU, L, ST, C, STREET, POSTALCODE, T, SN, GN, I, SERIALNUMBER, DNQUALIFIER, DC, UID, E, and any object identifier.',
  ],
  ['CN=', 'gives CN no value.'],
  ['CN="", O=a', 'gives CN no value.'],
  ['O=b, CN= + OU=c', 'gives CN no value.'],
  ['CN=a"b', String.raw`"CN=a\"b" has an unexpected " at character 5.`],
  ['CN=<a>', '"CN=<a>" has an unexpected < at character 4.'],
  ['CN="a"b', String.raw`"CN=\"a\"b" has an unexpected b at character 7.`],
  [
    'CN="a',
    String.raw`"CN=\"a" gives CN a value that begins with # or ". Put a backslash before it, or end it as it begins.`,
  ],
  ['CN=#1', '"CN=#1" gives CN a value that begins with # or ". Put a backslash before it, or end it as it begins.'],
  ['CN=#ffff', 'gives CN a value in hexadecimal that is not DER.'],
  [String.raw`CN=\ff`, 'gives CN a value with escapes that are not UTF-8.'],
  ['C=USA', 'gives C the value "USA"; a country is two letters (ISO 3166).'],
  ['E=jörg@example.com', 'gives E the value "jörg@example.com"; only ASCII characters are allowed.'],
  [
    'SERIALNUMBER=a_b',
    `gives SERIALNUMBER the value "a_b"; only the letters A to Z, digits, spaces and '()+,-./:=? are allowed.`,
  ],
  [`CN=${'a'.repeat(65)}`, 'gives CN 65 characters; RFC 5280 allows CN at most 64.'],
  [`CN=${'a'.repeat(5_000)}`, 'has 5003 characters; at most 4000 are allowed.'],
];

describe('a subject', () => {
  for (const [text, read] of subjects) {
    it(`may be ${JSON.stringify(text)}`, () => {
      assert.equal(nameFromDer(value(encodeName(text))), read);
    });
  }

  for (const [text, detail] of faults) {
    it(`may not be ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.equal(textOf(encodeName(text)), `The subject ${detail}`);
    });
  }

  it(`of 64 characters beyond the basic plane is no longer than one of 64 letters`, () => {
    const text = `CN=${'𝕏'.repeat(64)}`;
    assert.equal(nameFromDer(value(encodeName(text))), text);
  });

  it('is read as it was written, whatever it contains', () => {
    const awkward = fc.constantFrom(' ', '\t', '\n', '\u3000', '\u00a0', '\ufeff', '\\', '"', '#', 'a');
    const attribute = fc.tuple(
      fc.constantFrom('CN', 'O', 'OU', 'L', 'ST', '1.2.3.4'),
      fc.oneof(
        fc.string({ unit: anyCharacter, minLength: 1, maxLength: 20 }),
        fc.string({ unit: awkward, minLength: 1, maxLength: 6 }),
      ),
      fc.constantFrom('pairs', 'quotes'),
    );
    fc.assert(
      fc.property(fc.array(attribute, { minLength: 1, maxLength: 6 }), (attributes) => {
        const parts = attributes.map(([type, content, way]) =>
          way === 'quotes'
            ? `${type}="${content.replaceAll(/["\\]/g, String.raw`\$&`)}"`
            : `${type}=${Buffer.from(content)
                .toString('hex')
                .replaceAll(/../g, String.raw`\$&`)}`,
        );
        const encoded = value(encodeName(parts.join(', ')));
        const read = nameFromDer(encoded);
        assert.deepEqual(value(encodeName(read)), encoded);
        // A control character would break the line that it is printed on.
        assert.doesNotMatch(read, /\p{Cc}/u);
      }),
    );
  });

  it('is a PrintableString where that alphabet suffices, and UTF-8 otherwise', () => {
    const stringOf = (text: string) => Buffer.from(value(encodeName(`O="${text}"`))).subarray(-2 - text.length);
    for (const printable of ["Aa0 '()+,-./:=?", 'www.example.com']) {
      assert.equal(stringOf(printable).toString('latin1'), `\x13${String.fromCodePoint(printable.length)}${printable}`);
    }
    for (const other of ['*.example.com', 'a@b', 'a_b', 'A & B']) {
      assert.equal(stringOf(other).toString('latin1'), `\x0c${String.fromCodePoint(other.length)}${other}`);
    }
  });

  it('is encoded or refused, whatever it is', () => {
    const piece = fc.constantFrom('CN', 'O', '=', ',', '+', '"', '\\', '#', ' ', 'a', '0c', ';', '1.2', 'é');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const outcome = encodeName(pieces.join(''));
        if (outcome.ok) assert.deepEqual(value(encodeName(nameFromDer(outcome.value))), outcome.value);
        else assert.equal(outcome.refusal.kind, 'badSubject');
      }),
      { numRuns: 2_000 },
    );
  });
});

if (hasOpenssl) {
  it('is the same for openssl', async () => {
    const key = ec('prime256v1');
    for (const subject of ['CN=a, O=b, C=US', String.raw`CN=a\, b + OU=c\+d, O=\"e\", L=Köln`, 'E=a@b.example, DC=x']) {
      const der = await selfSigned(key, { subject });
      const options = 'dn_rev,sep_comma_plus_space,esc_2253,utf8,sname';
      const printed = openssl(['x509', '-inform', 'DER', '-noout', '-subject', '-nameopt', options], der).toString();
      assert.equal(printed, `subject=${subject.replace('E=', 'emailAddress=')}\n`);
    }
  });
} else notRun('a subject is to openssl what it is to us', 'there is no openssl 3 on PATH');
