import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { accept, breached, describeType, formatPath, missing, renderFault, wrong } from '../../src/shape/fault.ts';
import type { Wordings } from '../../src/shape/fault.ts';
import {
  always,
  anything,
  array,
  boolean,
  choice,
  each,
  ignored,
  isGuid,
  literal,
  object,
  optional,
  record,
  refine,
  renamed,
  string,
  wholeNumber,
} from '../../src/shape/shape.ts';
import type { Shape } from '../../src/shape/shape.ts';
import { faultsOf, models, shapeOf } from './models.ts';

const rule = object({
  action: choice(['Allow', 'Deny']),
  port: optional(wholeNumber(1, 65_535), 443),
  note: optional(string),
  version: optional(literal(1, 'two', null)),
  ...each(['created', 'changed'], ignored),
});
const rules = object({
  rules: refine(array(rule), (all) => (all.length < 3 ? accept(all) : breached(all, { most: 2 }))),
  tags: optional(record(string)),
  on: optional(boolean),
  name: optional(refine(string, (name) => (name === '' ? wrong(name, 'a name') : accept(name.toUpperCase())))),
  any: optional(anything),
});

function faultOf<B>(shape: Shape<unknown, B>, value: unknown) {
  const read = shape(value);
  assert.ok(!read.ok, JSON.stringify(value));
  return read.fault;
}

suite('a shape with other names', () => {
  const names = renamed(object({ key_size: optional(wholeNumber(1, 9)), crv: optional(string) }), { key_size: 'size' });

  test('returns its members under those names, and none for an absent one', () => {
    assert.deepEqual(names({ crv: 'c', key_size: 3 }), { ok: true, value: { crv: 'c', size: 3 } });
    assert.deepEqual(names({}), { ok: true, value: {} });
  });

  test('reads and refuses by the names that were sent', () => {
    assert.deepEqual(faultOf(names, { size: 3 }), {
      kind: 'unknownMember',
      path: [],
      member: 'size',
      known: ['key_size', 'crv'],
    });
    assert.deepEqual(faultOf(names, { key_size: 10 }).path, ['key_size']);
  });
});

suite('a shape', () => {
  test('returns the members that it has, with fallbacks for absent ones', () => {
    const value = {
      tags: { a: 'b' },
      rules: [
        { action: 'DENY', note: null, created: 7, changed: {} },
        { action: 'Allow', port: 1, version: 'two' },
      ],
      name: 'a',
      any: [null],
    };
    assert.deepEqual(rules(value), {
      ok: true,
      value: {
        tags: { a: 'b' },
        rules: [
          { action: 'Deny', port: 443 },
          { action: 'Allow', port: 1, version: 'two' },
        ],
        name: 'A',
        any: [null],
      },
    });
  });

  test('has the type of what it reads', () => {
    const read = rule({ action: 'allow' });
    assert.ok(read.ok);
    const { action, port, note }: { action: 'Allow' | 'Deny'; port: number; note?: string } = read.value;
    assert.deepEqual([action, port, note], ['Allow', 443, undefined]);
    // @ts-expect-error: a member that is ignored is absent
    assert.equal(read.value.created, undefined);
    // @ts-expect-error: a rule that is broken is a part of the type
    const never: Shape<unknown> = rules;
    assert.equal(typeof never, 'function');
  });

  test('refuses with the place, what was found and what is allowed', () => {
    const rows: readonly (readonly [value: unknown, fault: object])[] = [
      [undefined, { path: [], kind: 'wrongType', found: undefined, expected: 'object' }],
      [[], { path: [], kind: 'wrongType', found: [], expected: 'object' }],
      [{}, { path: [], kind: 'missingMember', member: 'rules' }],
      [{ rules: null }, { path: [], kind: 'missingMember', member: 'rules' }],
      [{ rules: {} }, { path: ['rules'], kind: 'wrongType', found: {}, expected: 'array' }],
      [{ rules: [null] }, { path: ['rules', 0], kind: 'wrongType', found: null, expected: 'object' }],
      [{ rules: [{}] }, { path: ['rules', 0], kind: 'missingMember', member: 'action' }],
      [
        { rules: [{ action: 'allowed' }] },
        { path: ['rules', 0, 'action'], kind: 'unknownChoice', found: 'allowed', choices: ['Allow', 'Deny'] },
      ],
      [
        { rules: [{ action: 'deny' }, { port: 0 }] },
        { path: ['rules', 1, 'port'], kind: 'outOfRange', found: 0, least: 1, most: 65_535 },
      ],
      [
        { rules: [{ port: 1.5 }] },
        { path: ['rules', 0, 'port'], kind: 'outOfRange', found: 1.5, least: 1, most: 65_535 },
      ],
      [
        { rules: [{ version: 2 }] },
        { path: ['rules', 0, 'version'], kind: 'unknownChoice', found: 2, choices: [1, 'two', null] },
      ],
      [
        { rules: [{ acton: 'Allow' }] },
        {
          path: ['rules', 0],
          kind: 'unknownMember',
          member: 'acton',
          known: ['action', 'port', 'note', 'version', 'created', 'changed'],
        },
      ],
      [{ tags: { b: 1 } }, { path: ['tags', 'b'], kind: 'wrongType', found: 1, expected: 'string' }],
      [{ on: 'true' }, { path: ['on'], kind: 'wrongType', found: 'true', expected: 'boolean' }],
      [{ name: '' }, { path: ['name'], kind: 'wrongValue', found: '', expected: 'a name' }],
    ];
    for (const [value, fault] of rows) assert.deepEqual(faultOf(rules, value), fault);
    const three = Array.from({ length: 3 }, () => ({ action: 'Allow' }));
    const { kind, path } = faultOf(rules, { rules: three });
    assert.deepEqual({ kind, path }, { kind: 'breach', path: ['rules'] });
  });

  test('reads null, and keeps or ignores other members, if the rules say so', () => {
    const strict = object({ a: optional(string) }, { nullIsValue: true });
    assert.deepEqual(strict({}), { ok: true, value: {} });
    assert.deepEqual(faultOf(strict, { a: null }), { path: ['a'], kind: 'wrongType', found: null, expected: 'string' });
    const kept = object({ a: string }, { keepOthers: true });
    assert.deepEqual(kept({ b: null, a: 'a' }), { ok: true, value: { b: null, a: 'a' } });
    const noted = object({ a: string }, { ignoredIf: (name) => name.includes('@') });
    assert.deepEqual(noted({ 'a@b': 1, a: 'a' }), { ok: true, value: { a: 'a' } });
    assert.equal(faultOf(noted, { b: 1, a: 'a' }).kind, 'unknownMember');
  });

  test("lets a member's shape handle its absence, if the rules say so", () => {
    const shape = object({ a: always(string), b: always((value) => accept(value ?? 'b')) });
    assert.deepEqual(shape({ a: 'a' }), { ok: true, value: { a: 'a', b: 'b' } });
    const missed = { path: ['a'], kind: 'wrongType', found: undefined, expected: 'string' };
    assert.deepEqual(faultOf(shape, { b: 1 }), missed);
    assert.deepEqual(faultOf(shape, { a: null }), missed);
  });

  test('treats names of the prototype like all other members', () => {
    const odd: unknown = JSON.parse('{"__proto__":{"action":"Allow"},"constructor":1}');
    assert.deepEqual(faultOf(rule, odd), {
      path: [],
      kind: 'unknownMember',
      member: '__proto__',
      known: ['action', 'port', 'note', 'version', 'created', 'changed'],
    });
    for (const shape of [record(anything), object({}, { keepOthers: true })]) {
      const read = shape(odd);
      assert.ok(read.ok);
      assert.equal(Object.getPrototypeOf(read.value), Object.prototype);
      assert.deepEqual(Object.keys(read.value), ['__proto__', 'constructor']);
    }
    assert.equal(faultOf(choice(['a']), 'constructor').kind, 'unknownChoice');
  });

  test('finds the first fault in document order, or none if there is no fault', () => {
    fc.assert(
      fc.property(models, ({ model, value }) => {
        const read = shapeOf(model)(value);
        const [first] = faultsOf(model, value);
        assert.deepEqual(read.ok ? undefined : { kind: read.fault.kind, path: read.fault.path }, first);
      }),
      { numRuns: 500 },
    );
  });
});

test('a fault is put into words by the table of its room', () => {
  const wordings: Wordings<string, string> = {
    wrongType: ({ found, expected }, at) => `${at}: ${describeType(found)}, not ${expected}`,
    wrongValue: ({ expected }, at) => `${at}: not ${expected}`,
    outOfRange: ({ least, most }, at) => `${at}: not ${least} to ${most}`,
    unknownChoice: ({ choices }, at) => `${at}: not ${choices.join()}`,
    unknownMember: ({ member, known }, at) => `${at}: ${member}, not ${known.join()}`,
    missingMember: ({ member }, at) => `${at}: no ${member}`,
    breach: ({ breach }, at) => `${at}: ${breach}`,
  };
  const shape = object({ a: array(refine(string, (text) => (text === '' ? missing('b') : breached(text, 'no')))) });
  const said = (value: unknown, base?: string) => {
    const read = shape(value);
    return read.ok ? '' : renderFault(wordings, read.fault, base);
  };
  assert.equal(said({ a: [7] }), 'a[0]: a number, not string');
  assert.equal(said({ a: [''] }, 'properties'), 'properties.a[0]: no b');
  assert.equal(said({ a: ['x'] }), 'a[0]: no');
  assert.equal(said({ b: 0 }), ': b, not a');
  assert.equal(formatPath([0, 'a', 1], 'top'), 'top[0].a[1]');
  assert.deepEqual([undefined, null, [], {}, 'a', 1, true].map(describeType), [
    'missing',
    'null',
    'an array',
    'an object',
    'a string',
    'a number',
    'a boolean',
  ]);
});

test('a GUID has its digits and hyphens, in any case, and nothing else', () => {
  const guid = '0f0e0d0c-1111-2222-3333-444455556666';
  for (const yes of [guid, guid.toUpperCase()]) assert.ok(isGuid(yes), yes);
  for (const no of ['', `${guid}\n`, ` ${guid}`, `{${guid}}`, guid.replaceAll('-', ''), guid.replace('f', 'g')]) {
    assert.ok(!isGuid(no), no);
  }
});
