import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import {
  generateMasterKey,
  masterKeyFrom,
  parseMasterKey,
  unwrapDataKey,
  wrapDataKey,
} from '../../src/crypto/master-key.ts';

const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => 0xe0 + index));
const { id } = masterKeyFrom(bytes);

const accepted = [
  ['hex', bytes.toString('hex')],
  ['hex in capitals', bytes.toString('hex').toUpperCase()],
  ['base64', bytes.toString('base64')],
  ['base64url', bytes.toString('base64url')],
  ['base64 with a line feed, as in a file', `${bytes.toString('base64')}\n`],
] as const;

const refused = [
  ['nothing', '', 'notEncoded'],
  ['a pass phrase', 'correct horse battery staple', 'notEncoded'],
  ['hex with a separator', bytes.toString('hex').replace(/^../, '$&:'), 'notEncoded'],
  ['31 bytes', bytes.toString('base64', 0, 31), 'wrongLength'],
  ['33 bytes', Buffer.concat([bytes, bytes]).toString('base64', 0, 33), 'wrongLength'],
  ['hex of 31 bytes', bytes.toString('hex', 0, 31), 'wrongLength'],
] as const;

describe('a master key', () => {
  for (const [form, text] of accepted) {
    it(`is read from ${form}`, () => {
      const parsed = parseMasterKey(text);
      assert.ok(parsed.ok);
      assert.equal(parsed.masterKey.id, id);
    });
  }

  for (const [form, text, kind] of refused) {
    it(`is not read from ${form}, and the message does not show it`, () => {
      const parsed = parseMasterKey(text);
      assert.ok(!parsed.ok);
      assert.equal(parsed.refusal.kind, kind);
      assert.match(parsed.refusal.message, /32 random bytes as 64 hex digits or as base64/);
      assert.ok(text === '' || !parsed.refusal.message.includes(text));
    });
  }

  it('is random, in the form in which it is read', () => {
    const [one, two] = [parseMasterKey(generateMasterKey()), parseMasterKey(generateMasterKey())];
    assert.ok(one.ok && two.ok);
    assert.notEqual(one.masterKey.id, two.masterKey.id);
  });

  it('is not shown when it is printed, and its id is not a part of it', () => {
    const masterKey = masterKeyFrom(bytes);
    const printed = inspect(masterKey, { depth: 9, showHidden: true }) + JSON.stringify(masterKey);
    for (const form of [bytes.toString('hex', 0, 4), bytes.toString('base64', 0, 6), inspect(bytes).slice(8, 20)]) {
      assert.ok(!printed.includes(form), form);
    }
    assert.match(masterKey.id, /^[0-9a-f]{16}$/);
  });
});

describe('a wrapped data key', () => {
  const dataKey = randomBytes(32);
  const wrapped = wrapDataKey(masterKeyFrom(bytes), dataKey, 'store vault/one');

  it('is unwrapped under its master key for its owner', () => {
    assert.deepEqual(unwrapDataKey(masterKeyFrom(bytes), wrapped, 'store vault/one'), dataKey);
  });

  it('is not unwrapped for another owner or under another master key', () => {
    assert.equal(unwrapDataKey(masterKeyFrom(bytes), wrapped, 'store vault/two'), undefined);
    assert.equal(unwrapDataKey(masterKeyFrom(randomBytes(32)), wrapped, 'store vault/one'), undefined);
  });
});
