import assert from 'node:assert/strict';
import { evaluateValue } from '../../../src/templates/evaluate.ts';
import { isExpression, parseExpression, printExpression } from '../../../src/templates/expression.ts';
import { finishBody, finishOutputs } from '../../../src/templates/finish.ts';
import { planDeployment } from '../../../src/templates/plan.ts';
import { outcomeOf } from '../../../src/templates/refusal.ts';
import { isObject, readValue } from '../../../src/templates/value.ts';
import { expectPlan, newScope, templateOf } from '../../templates/scope.ts';
import { bytesOf, jsonOf, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const functions = [
  'concat union intersection contains indexOf split base64 format replace map filter',
  'lambda lambdaVariables range json string createArray createObject padLeft substring if parameters',
  'variables reference resourceId uniqueString guid dateTimeAdd cidrSubnet sort reduce',
].flatMap((line) => line.split(' '));

const parts = {
  parameters: { p: { type: 'string', defaultValue: 'a' }, n: { type: 'int', defaultValue: 3 } },
  variables: { v: [1, 2, 3], o: { a: 1, b: { c: 'd' } }, s: "[concat(parameters('p'), 'b')]" },
};

/** An expression that is read can be printed and read again; it has a value, or is refused. */
export const expression: FuzzTarget = {
  form: 'text',
  words: [
    ...functions.map((name) => `${name}(`),
    "parameters('p')",
    "variables('v')",
    "variables('o')",
    "'a'",
    '[0]',
    '.b',
    ', ',
    ')',
  ],
  mostMs: 3_000,
  samples: () => ({
    inputs: [
      "[concat(parameters('p'), '-', string(length(variables('v'))))]",
      "[union(variables('v'), range(0, 5))]",
      "[map(range(0, parameters('n')), lambda('i', format('{0}-{1:x}', lambdaVariables('i'), 'a')))]",
      "[reduce(variables('v'), 0, lambda('a', 'b', add(lambdaVariables('a'), lambdaVariables('b'))))]",
      "[if(equals(toLower('A'), 'a'), variables('o').b['c'], json('{\"a\": [1]}').a[0])]",
      "[replace(base64(padLeft('a', 20, 'b')), substring('abc', 1, 1), uniqueString('a'))]",
      "[cidrSubnet('10.0.0.0/16', 24, 3)]",
      "[dateTimeAdd('2026-01-01T00:00:00Z', 'P1D', 'yyyy-MM-dd')]",
      "[first(split('a,b;c', createArray(',', ';')))]",
    ].map((text) => Buffer.from(text)),
    read(input) {
      const text = textOf(input);
      if (!isExpression(text)) return;
      const parsed = outcomeOf(() => parseExpression(text));
      if (!parsed.ok) {
        assert.ok(parsed.refusal.message.length < 60_000);
        return;
      }
      assert.deepEqual(parseExpression(printExpression(parsed.value)), parsed.value);
      const { frame } = expectPlan(parts);
      outcomeOf(() => evaluateValue(text, frame));
    },
  }),
};

const template = templateOf({
  ...parts,
  functions: [
    {
      namespace: 'my',
      members: {
        f: {
          parameters: [{ name: 'x', type: 'string' }],
          output: { type: 'string', value: "[toUpper(parameters('x'))]" },
        },
      },
    },
  ],
  resources: [
    {
      type: 'Microsoft.KeyVault/vaults',
      apiVersion: '2023-07-01',
      name: "[my.f('kv')]",
      location: 'westeurope',
      properties: { a: "[parameters('p')]" },
    },
    {
      type: 'Microsoft.KeyVault/vaults/secrets',
      apiVersion: '2023-07-01',
      name: "[format('{0}/s{1}', my.f('kv'), copyIndex())]",
      copy: { name: 'loop', count: "[parameters('n')]" },
      dependsOn: ["[resourceId('Microsoft.KeyVault/vaults', my.f('kv'))]"],
      condition: "[greater(parameters('n'), 1)]",
      properties: { value: "[string(variables('o'))]" },
    },
    {
      type: 'Microsoft.Resources/deployments',
      apiVersion: '2022-09-01',
      name: 'inner',
      properties: {
        mode: 'Incremental',
        expressionEvaluationOptions: { scope: 'inner' },
        template: templateOf({ resources: [] }),
      },
    },
  ],
  outputs: {
    o: { type: 'string', value: "[reference('KV').vaultUri]" },
    l: { type: 'array', copy: { count: 2, input: '[copyIndex()]' } },
  },
});

/** A template is planned or refused, and so is each body in the plan. */
export const wholeTemplate: FuzzTarget = {
  form: 'json',
  words: [
    'copy',
    'count',
    'input',
    'name',
    'dependsOn',
    'condition',
    '[copyIndex()]',
    "[parameters('p')]",
    "[variables('v')]",
    '$ref',
    'definitions',
  ],
  mostMs: 3_000,
  samples: () => ({
    inputs: [bytesOf(template), bytesOf(templateOf({ ...parts, resources: [] }))],
    read(input) {
      const value = readValue(jsonOf(input));
      if (value === undefined) return;
      const planned = planDeployment({
        template: value,
        parameters: { p: 'given' },
        references: new Set(),
        scope: newScope(),
      });
      if (!planned.ok) {
        assert.ok(planned.refusal.message.length > 0);
        return;
      }
      for (const resource of planned.value.resources.slice(0, 20)) {
        const body = finishBody(planned.value, resource, new Map());
        if (body.ok && body.value.done) assert.ok(isObject(body.value.value));
      }
      finishOutputs(planned.value, new Map());
    },
  }),
};
