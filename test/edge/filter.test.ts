import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conjuncts, parseFilter } from '../../src/edge/filter.ts';
import type { FilterLanguage } from '../../src/edge/filter.ts';

const bare: FilterLanguage = { properties: ['name', 'type'], operators: [] };
const full: FilterLanguage = {
  properties: ['name', 'type'],
  operators: ['or', 'not', '(', 'ne', 'in', 'startswith', 'substringof', 'any'],
  functions: { atScope: 'without', assignedTo: 'with value' },
};

test('a filter is parsed into its terms, whatever its case and spacing', () => {
  const parsed = parseFilter(
    "ATSCOPE( ) and assignedto('it''s') and substringof('a', Name) and startswith(type,'b') and name  eq null",
    full,
  );
  assert.ok(parsed.ok);
  assert.deepEqual(conjuncts(parsed.filter), [
    { op: 'function', name: 'atScope', value: undefined },
    { op: 'function', name: 'assignedTo', value: "it's" },
    { op: 'substringof', property: 'name', value: 'a' },
    { op: 'startswith', property: 'type', value: 'b' },
    { op: 'eq', property: 'name', value: null },
  ]);
});

test('a form that an edge does not support is refused with the position of the term; another edge supports it', () => {
  const rows: readonly (readonly [text: string, at: number, rule: RegExp])[] = [
    ["name eq 'a' or type eq 'b'", 0, /^'or' was not expected$/],
    ["name eq 'a' and not type eq 'b'", 16, /^'not' is not a property that can be filtered: name, type$/],
    ["name eq 'a' and (type eq 'b')", 16, /^'\(' is not a property/],
    ["name ne 'a'", 0, /^after 'name' only eq is supported$/],
    ["name in ('a')", 0, /^after 'name' only eq is supported$/],
    ["startswith(name,'a')", 0, /^'startswith' is not a property/],
    ["substringof('a',name)", 0, /^'substringof' is not a property/],
    ["name/any(c:c eq 'a')", 0, /^'name\/any' is not a property/],
    ["name eq 'a' and atScope()", 16, /^'atScope' is not a property/],
  ];
  for (const [text, at, rule] of rows) {
    const parsed = parseFilter(text, bare);
    assert.ok(!parsed.ok, text);
    assert.equal(parsed.at, at, text);
    assert.match(parsed.rule, rule);
    assert.ok(parseFilter(text, full).ok, text);
  }
});

test('a filter that no edge can read is refused with the position of the fault', () => {
  const rows: readonly (readonly [text: string, at: number, rule: RegExp])[] = [
    ['', 0, /^a name was expected, not its end$/],
    ["name eq 'a' and ", 0, /^a name was expected, not its end$/],
    ["name eq 'a' and  type eq b", 17, /^'b' is not a value/],
    ["name eq 'a' type eq 'b'", 0, /^'type' was not expected$/],
    ["name eq 'a' and type eq 'b", 23, /^it cannot be read from ' 'b' on$/],
    ["atScope('a')", 0, /^'\)' was expected, not 'a'$/],
    ['assignedTo()', 0, /^'\)' is not a value/],
    [`${'not '.repeat(20)}name eq 'a'`, 60, /^it is nested too deep$/],
    [`${'('.repeat(20)}name eq 'a'${')'.repeat(20)}`, 15, /^it is nested too deep$/],
    [`name eq '${'a'.repeat(2048)}'`, 0, /^it is longer than 2048 characters$/],
  ];
  for (const [text, at, rule] of rows) {
    const parsed = parseFilter(text, full);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.rule, rule);
    assert.equal(parsed.at, at, text);
  }
});
