import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { repeatedMember } from '../../src/json/repeated-member.ts';

test('finds the member whose object has its name already, however it is written', () => {
  for (const [text, path] of [
    ['{"a":1,"a":2}', ['a']],
    ['{"a":1,"\\u0061":2}', ['a']],
    ['{"a":{"b":[{"c":1},{"c":"{","d":"\\"","c":[]}]},"a":1}', ['a', 'b', 1, 'c']],
    ['{"a":{},"b":[],"b":{}}', ['b']],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
    ['[[],[{"x":"x"},{"":1,"":2}]]', [1, 1, '']],
  ] as const) {
    assert.deepEqual(repeatedMember(text), path, text);
  }
  for (const text of [
    '{"a":{"a":"a"},"A":["a","a",{"a":1}],"b":{"a":1}}',
    '["a","a"]',
    '"a"',
    '{}',
    '{"a":"\\"a\\":1,\\"a\\":2"}',
  ]) {
    assert.equal(repeatedMember(text), undefined, text);
  }
});

test('finds nothing in what a value was written as, and what was added to it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, name) => {
      const written = JSON.stringify(value, undefined, 1);
      assert.equal(repeatedMember(written), undefined);
      const key = JSON.stringify(name);
      assert.deepEqual(repeatedMember(`[0,{${key}:${written},${key}:0}]`), [1, name]);
    }),
  );
});
