import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  expressionLengthMax,
  isExpression,
  unescapeLiteral,
  parseExpression,
  printExpression,
} from '../../src/templates/expression.ts';
import type { Expression } from '../../src/templates/expression.ts';
import { outcomeOf } from '../../src/templates/refusal.ts';

const call = (name: string, ...given: readonly Expression[]): Expression => ({ kind: 'call', name, arguments: given });
const literal = (value: string | number): Expression => ({ kind: 'literal', value });
const member = (of: Expression, name: string, safe = false): Expression => ({ kind: 'member', of, name, safe });
const index = (of: Expression, by: Expression, safe = false): Expression => ({ kind: 'index', of, by, safe });

test('a string is an expression only between single brackets', () => {
  assert.deepEqual(["[f('a')]", "[[f('a')]", "[f('a')", "f('a')]", '', '[', '[]'].map(isExpression), [
    true,
    false,
    false,
    false,
    false,
    false,
    true,
  ]);
  assert.deepEqual(['[[a]', '[[a', 'a', '[[[a]'].map(unescapeLiteral), ['[a]', '[[a', 'a', '[[a]']);
});

test('expressions are parsed as the language defines', () => {
  const rows: readonly (readonly [string, Expression])[] = [
    ["[parameters('a')]", call('parameters', literal('a'))],
    ["[ concat( 'a' , 'it''s' ) ]", call('concat', literal('a'), literal("it's"))],
    ["['']", literal('')],
    ['[add(1, -2)]', call('add', literal(1), literal(-2))],
    ["[contoso.unique('x')]", call('contoso.unique', literal('x'))],
    [
      "[variables('v').a.b[0]['c d']]",
      index(index(member(member(call('variables', literal('v')), 'a'), 'b'), literal(0)), literal('c d')),
    ],
    ["[variables('v').?a[?0]]", index(member(call('variables', literal('v')), 'a', true), literal(0), true)],
    ["[variables('v')[add(0, 1)]]", index(call('variables', literal('v')), call('add', literal(0), literal(1)))],
    ["[f('[not one]')]", call('f', literal('[not one]'))],
    ['[f(\n  g(),\n  h()\n)]', call('f', call('g'), call('h'))],
  ];
  for (const [text, expected] of rows) assert.deepEqual(parseExpression(text), expected, text);
});

test('an invalid expression is refused with the position', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['[]', /it ends too early/],
    ["[f('a']", /it ends too early/],
    ["[f('a)]", /string that begins at position '2' of the expression 'f\('a\)' is not terminated/],
    ['[f(1 2)]', /unexpected '2' at position '4'/],
    ['[f(,)]', /unexpected ',' at position '2'/],
    ['[f(1,)]', /unexpected '\)' at position '4'/],
    ['[f()]]', /unexpected '\]' at position '3'/],
    ['[true]', /it ends too early/],
    ['[a.b.c()]', /unexpected '\.' at position '3'/],
    ['[f(1.5)]', /has an unexpected|it ends too early/],
    ['[f("a")]', /unexpected '"' at position '2'/],
    ['[f(99999999999999999999)]', /unexpected '9' at position '2'/],
    [`[${'f('.repeat(200)}1${')'.repeat(200)}]`, /nested more than 120 deep/],
    [`[f()${'.a'.repeat(200)}]`, /more than 120 accessors in a row/],
    [`['${'a'.repeat(expressionLengthMax)}']`, /at most 24576 are allowed/],
  ];
  for (const [text, expected] of rows) {
    const outcome = outcomeOf(() => parseExpression(text));
    assert.ok(!outcome.ok, text);
    assert.match(outcome.refusal.message, expected);
  }
  // The longest allowed expression.
  const longest = `['${'a'.repeat(expressionLengthMax - 4)}']`;
  assert.equal(longest.length, expressionLengthMax);
  assert.equal(parseExpression(longest).kind, 'literal');
});

test('a printed expression parses to the same expression', () => {
  const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
  const { tree } = fc.letrec<{ tree: Expression; accessed: Expression }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.string({ maxLength: 12 }).map(literal),
      fc.maxSafeInteger().map((value) => literal(value === 0 ? 0 : value)),
      fc.tuple(name, name, tie('tree')).map(([space, called, given]) => call(`${space}.${called}`, given)),
      tie('accessed'),
    ),
    // A literal has no members.
    accessed: fc.oneof(
      { maxDepth: 4 },
      fc.tuple(name, fc.array(tie('tree'), { maxLength: 2 })).map(([called, given]) => call(called, ...given)),
      fc.tuple(tie('accessed'), name, fc.boolean()).map(([of, to, safe]) => member(of, to, safe)),
      fc.tuple(tie('accessed'), tie('tree'), fc.boolean()).map(([of, by, safe]) => index(of, by, safe)),
    ),
  }));
  fc.assert(
    fc.property(tree, (expression) => assert.deepEqual(parseExpression(printExpression(expression)), expression)),
  );
});

test('every string is either parsed or refused', () => {
  const sign = fc.constantFrom('f', '(', ')', '[', ']', "'", ',', '.', '?', '1', '-', ' ', 'é');
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 40 }), (signs) => {
      const text = `[${signs.join('')}]`;
      const outcome = outcomeOf(() => parseExpression(text));
      if (outcome.ok) assert.deepEqual(parseExpression(printExpression(outcome.value)), outcome.value);
      else assert.match(outcome.refusal.message, /expression/);
    }),
  );
});
