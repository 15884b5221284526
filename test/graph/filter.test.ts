import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesFilter, parseFilter, requiredValues } from '../../src/graph/filter.ts';
import type { Filter, Value } from '../../src/graph/filter.ts';

const properties = ['displayName', 'appId', 'accountEnabled', 'servicePrincipalNames', 'mail'];
const object: Readonly<Record<string, Value>> = {
  displayName: "Ada's robot (old)",
  appId: 'A1',
  accountEnabled: true,
  servicePrincipalNames: ['a1', 'api://robot'],
  mail: undefined,
};

function parse(text: string): Filter {
  const parsed = parseFilter(text, properties);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.filter;
}

const meant = (text: string) => matchesFilter(parse(text), (property) => object[property]);

test('the filters that az and Az PowerShell send select the right objects', () => {
  const yes = [
    "appId eq 'a1'",
    "APPID EQ 'A1'",
    "displayName eq 'ada''s robot (OLD)'",
    "startswith(displayName,'ADA''S')",
    "startsWith( displayName , 'Ada' )",
    "servicePrincipalNames/any(c:c eq 'API://robot')",
    "servicePrincipalNames/any(x:x eq 'a1') and accountEnabled eq true",
    "appId eq 'x' or appId eq 'a1'",
    "appId in ('x', 'a1')",
    "appId ne 'x' and not startswith(displayName,'B')",
    'mail eq null',
    "(appId eq 'x' or appId eq 'a1') and accountEnabled eq true",
  ];
  const no = [
    "appId eq 'a'",
    "appId eq 'a1 '",
    "startswith(displayName,'robot')",
    "servicePrincipalNames/any(c:c eq 'robot')",
    "servicePrincipalNames eq 'a1'",
    "appId/any(c:c eq 'a1')",
    'accountEnabled eq false',
    "accountEnabled eq 'true'",
    "appId in ('x', 'y')",
    // `and` has precedence over `or`.
    "appId eq 'x' and appId eq 'x' or appId eq 'y'",
    "mail eq ''",
  ];
  for (const text of yes) assert.equal(meant(text), true, text);
  for (const text of no) assert.equal(meant(text), false, text);
});

test('an invalid or unsupported filter is refused with the position', () => {
  const cases = [
    ['', /a name was expected, not its end/],
    ["appId eq 'a1", /cannot be read from ' 'a1' on|cannot be read/],
    ['appId eq a1', /'a1' is not a value: write strings in single quotes/],
    ["appId lt 'a1'", /after 'appId' only eq, ne and in are supported/],
    ["secret eq 'a1'", /'secret' is not a property that can be filtered: displayName, appId/],
    ["appId eq 'a1' appId eq 'a1'", /'appId' was not expected/],
    ["(appId eq 'a1'", /'\)' was expected, not 'its end'/],
    ["servicePrincipalNames/any(c:d eq 'a1')", /any\(c:…\) must compare c itself/],
    ["endswith(displayName,'x')", /'endswith' is not a property/],
    ["'a1' eq appId", /a name was expected, not a string/],
    [`${'('.repeat(20)}appId eq 'a1'${')'.repeat(20)}`, /nested too deep/],
    [`appId eq '${'x'.repeat(2048)}'`, /longer than 2048/],
  ] as const;
  for (const [text, rule] of cases) {
    const parsed = parseFilter(text, properties);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.rule, rule, text);
  }
});

test('any string can be quoted, with its quotes doubled', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (value) => {
      const filter = parse(`displayName eq '${value.replaceAll("'", "''")}'`);
      assert.deepEqual(filter, { op: 'eq', property: 'displayName', value });
    }),
  );
});

test('any string at all is either parsed or refused', () => {
  const piece = fc.constantFrom(
    'appId',
    'eq',
    "'x'",
    '(',
    ')',
    'and',
    'or',
    'not',
    'in',
    ',',
    'startswith',
    'mail/any',
    ':',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 12 }), (pieces) => {
      parseFilter(pieces.join(' '), properties);
    }),
  );
});

test('objects are looked up by name only if every matching object has one of the names', () => {
  const names = ['appId', 'servicePrincipalNames'];
  const cases = [
    ["appId eq 'a'", ['a']],
    ["servicePrincipalNames/any(c:c eq 'a') and accountEnabled eq true", ['a']],
    ["accountEnabled eq true and appId in ('a', 'b')", ['a', 'b']],
    ["appId eq 'a' or displayName eq 'b'", undefined],
    ["not appId eq 'a'", undefined],
    ["appId ne 'a'", undefined],
    ['appId eq null', undefined],
    ["startswith(appId,'a')", undefined],
    ["displayName eq 'a'", undefined],
  ] as const;
  for (const [text, values] of cases) assert.deepEqual(requiredValues(parse(text), names), values, text);
});
