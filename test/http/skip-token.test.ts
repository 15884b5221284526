import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readSkipToken, skipToken } from '../../src/http/request.ts';
import { anyCharacter } from '../world/any-character.ts';

test('every key is read back from its token, also through a URL', () => {
  const key = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 900,
  });
  fc.assert(
    fc.property(key, (after) => {
      const query = new URLSearchParams({ $skiptoken: skipToken(after) }).toString();
      assert.equal(readSkipToken(new URLSearchParams(query).get('$skiptoken') ?? ''), after);
    }),
  );
});

test('what is not a token, or cannot be a key, is recognised', () => {
  const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
  const others = [
    '',
    'x',
    '%%%',
    made(null),
    made('kv'),
    made([]),
    made({}),
    made({ nextMarker: 'kv' }),
    made({ NextMarker: 7 }),
    made({ NextMarker: '' }),
    made({ NextMarker: 'a b' }),
    made({ NextMarker: 'ä' }),
    made({ NextMarker: 'a\u0000' }),
    made({ NextMarker: 'k'.repeat(901) }),
  ];
  for (const other of others) assert.equal(readSkipToken(other), undefined, other);
});

test('no string that a client may send causes an exception', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (text) => {
      const after = readSkipToken(text);
      assert.ok(after === undefined || typeof after === 'string');
    }),
  );
});
