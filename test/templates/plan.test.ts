import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inOrder } from '../../src/templates/order.ts';
import { planDeployment } from '../../src/templates/plan.ts';
import { isObject, readValue, sameValue } from '../../src/templates/value.ts';
import type { Value, ValueObject } from '../../src/templates/value.ts';
import { compare } from '../../src/templates/compare.ts';
import {
  bodyOf,
  expectPlan,
  groupId,
  outputsOf,
  planOf,
  refusalOf,
  schema,
  newScope,
  subscriptionId,
  templateOf,
  valueOf,
} from './scope.ts';

const apiVersion = '2023-07-01';
const vault = (name: string, others: ValueObject = {}): ValueObject => ({
  type: 'Microsoft.KeyVault/vaults',
  apiVersion,
  name,
  ...others,
});
const network = (name: string, others: ValueObject = {}): ValueObject => ({
  type: 'Microsoft.Network/virtualNetworks',
  apiVersion,
  name,
  ...others,
});
const vaultId = (name: string) => `${groupId}/providers/Microsoft.KeyVault/vaults/${name}`;
const networkId = (name: string) => `${groupId}/providers/Microsoft.Network/virtualNetworks/${name}`;
const names = (parts: ValueObject, parameters: ValueObject = {}) =>
  expectPlan(parts, parameters).resources.map(({ name }) => name);

test('parameters have a given or default value, which must follow their rules', () => {
  const help = 'Please see https://aka.ms/arm-pass-parameter-values for usage details.';
  const one = (declaration: ValueObject, value?: Value) => {
    const plan = planOf({ parameters: { p: declaration } }, value === undefined ? {} : { p: value });
    return typeof plan === 'string' ? plan : plan.parameters;
  };
  const rows: readonly (readonly [ValueObject, Value | undefined, unknown])[] = [
    [{ type: 'string' }, 'a', { p: { type: 'String', value: 'a' } }],
    [{ type: 'STRING', defaultValue: "[toUpper('b')]" }, undefined, { p: { type: 'String', value: 'B' } }],
    [{ type: 'string' }, '[parameters(1)]', { p: { type: 'String', value: '[parameters(1)]' } }],
    [{ type: 'string' }, undefined, `The value for the template parameter 'p' is not provided. ${help}`],
    [{ type: 'string', nullable: true }, undefined, { p: { type: 'String', value: null } }],
    [{ type: 'securestring' }, 'secret', { p: { type: 'SecureString' } }],
    [{ type: 'secureObject' }, { a: 'secret' }, { p: { type: 'SecureObject' } }],
    [
      { type: 'string' },
      1,
      `Template parameter JToken type is not valid. Expected 'String, Uri'. Actual 'Integer'. The parameter is 'p'. ${help}`,
    ],
    [
      { type: 'int' },
      1.5,
      `Template parameter JToken type is not valid. Expected 'Integer'. Actual 'Float'. The parameter is 'p'. ${help}`,
    ],
    [
      { type: 'number' },
      1,
      "The type 'number' of 'p' is not valid; it must be one of String, SecureString, Int, Bool, Object, SecureObject, Array.",
    ],
    [
      { type: 'string', allowedValues: ['a', 'b'] },
      'c',
      `The provided value 'c' for the template parameter 'p' is not valid. The value is not part of the allowed value(s): 'a,b'. ${help}`,
    ],
    [
      { type: 'securestring', minLength: 3 },
      'ab',
      `The provided value for the template parameter 'p' is not valid. Length of the value should be greater than or equal to '3'. ${help}`,
    ],
    [{ type: 'securestring', minLength: 2 }, 'ab', { p: { type: 'SecureString' } }],
    [
      { type: 'array', maxLength: 1 },
      [1, 2],
      `The provided value '[1,2]' for the template parameter 'p' is not valid. Length of the value should be less than or equal to '1'. ${help}`,
    ],
    [
      { type: 'int', minValue: 1, maxValue: 3 },
      4,
      `The provided value '4' for the template parameter 'p' is not valid. The value should be less than or equal to '3'. ${help}`,
    ],
    [{ type: 'int', minValue: 1, maxValue: 3 }, 3, { p: { type: 'Int', value: 3 } }],
    [{ type: 'array', allowedValues: ['a', 'b'] }, ['b', 'a'], { p: { type: 'Array', value: ['b', 'a'] } }],
  ];
  for (const [declaration, value, expected] of rows) assert.deepEqual(one(declaration, value), expected);
  assert.equal(
    planOf({ parameters: { a: { type: 'int' }, b: { type: 'int' } } }, { a: 1, c: 2, d: 3 }),
    `The template parameters 'c, d' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are 'a, b'. ${help}`,
  );
  // A name in any letter case, and a default that uses another parameter.
  const resting = {
    parameters: {
      Base: { type: 'string' },
      full: { type: 'string', defaultValue: "[concat(parameters('base'), '-x')]" },
    },
  };
  assert.deepEqual(expectPlan(resting, { BASE: 'kv' }).parameters['full'], { type: 'String', value: 'kv-x' });
  const cycle = { parameters: { a: { type: 'string', defaultValue: "[parameters('a')]" } } };
  assert.match(refusalOf(cycle), /^The template parameter 'a' refers to itself\./);
});

test('a definition gives the type of the parameters and outputs that refer to it', () => {
  const definitions = { name: { type: 'string', minLength: 3 }, alias: { $ref: '#/definitions/name' } };
  const parameters = { p: { $ref: '#/definitions/alias', maxLength: 5 } };
  assert.deepEqual(expectPlan({ definitions, parameters }, { p: 'abc' }).parameters, {
    p: { type: 'String', value: 'abc' },
  });
  assert.match(refusalOf({ definitions, parameters }, { p: 'ab' }), /greater than or equal to '3'/);
  assert.match(refusalOf({ definitions, parameters }, { p: 'abcdef' }), /less than or equal to '5'/);
  const endless = { definitions: { a: { $ref: '#/definitions/a' } }, parameters: { p: { $ref: '#/definitions/a' } } };
  assert.match(refusalOf(endless, { p: 'x' }), /'#\/definitions\/a' has no definition/);
});

test('time and randomness are available in defaults only', () => {
  const parameters = {
    at: { type: 'string', defaultValue: '[utcNow()]' },
    day: { type: 'string', defaultValue: "[utcNow('yyyy-MM-dd')]" },
    id: { type: 'string', defaultValue: '[newGuid()]' },
  };
  const { at, day, id } = expectPlan({ parameters }).parameters;
  assert.deepEqual(
    [at, day, id],
    [
      { type: 'String', value: '20260228T123005Z' },
      { type: 'String', value: '2026-02-28' },
      { type: 'String', value: '00000000-0000-4000-8000-000000000001' },
    ],
  );
});

test('variables, their loops and user-defined functions', () => {
  const parts: ValueObject = {
    variables: {
      base: 'kv',
      object: { name: "[variables('base')]", copy: [{ name: 'list', count: 2, input: "[copyIndex('list', 1)]" }] },
      copy: [{ name: 'top', count: 3, input: { n: "[format('{0}{1}', variables('base'), copyIndex('top'))]" } }],
      literal: '[[not one]',
    },
    functions: [
      {
        namespace: 'contoso',
        members: {
          unique: {
            parameters: [{ name: 'prefix', type: 'string' }],
            output: { type: 'string', value: "[concat(toLower(parameters('prefix')), '-1')]" },
          },
          nosy: { parameters: [], output: { type: 'string', value: "[variables('base')]" } },
        },
      },
    ],
  };
  const rows: readonly (readonly [string, Value])[] = [
    ["[variables('OBJECT')]", { name: 'kv', list: [1, 2] }],
    ["[variables('top')[2].n]", 'kv2'],
    ["[variables('literal')]", '[not one]'],
    ["[Contoso.Unique('A')]", 'a-1'],
    [
      '[contoso.nosy()]',
      { refused: "The function 'contoso.nosy' cannot use the variable 'base': it can use its parameters only." },
    ],
  ];
  for (const [expression, expected] of rows) assert.deepEqual(valueOf(expression, parts), expected, expression);
  assert.match(
    JSON.stringify(valueOf("[variables('a')]", { variables: { a: "[variables('b')]", b: "[variables('a')]" } })),
    /The template variable 'a' refers to itself/,
  );
  const many = { copy: [{ name: 'x', count: 801, input: 1 }] };
  assert.match(
    JSON.stringify(valueOf("[variables('x')]", { variables: many })),
    /The copy count must be a whole number from 0 to 800/,
  );
});

test('resources have their ids, also in loops and inside other resources', () => {
  const parts: ValueObject = {
    resources: [
      vault("[format('kv-{0}', copyIndex('kvs', 1))]", {
        copy: { name: 'kvs', count: 2, mode: 'serial', batchSize: 1 },
      }),
      network('net', {
        resources: [{ type: 'subnets', apiVersion, name: 'apps', dependsOn: ['net'] }],
      }),
      {
        type: 'Microsoft.Network/virtualNetworks/subnets',
        apiVersion,
        name: 'net/data',
        dependsOn: [networkId('net')],
      },
      {
        type: 'Microsoft.Authorization/locks',
        apiVersion,
        name: 'keep',
        scope: 'Microsoft.KeyVault/vaults/kv-1',
        dependsOn: ['kvs'],
      },
      {
        type: 'Microsoft.KeyVault/vaults/providers/locks',
        apiVersion,
        name: 'kv-2/Microsoft.Authorization/keep',
        dependsOn: ['kvs'],
      },
      vault('kv-never', { condition: '[equals(1, 2)]' }),
    ],
  };
  const { resources } = expectPlan(parts);
  assert.deepEqual(
    resources.map(({ id, wanted }) => [id.replace(groupId, ''), wanted]),
    [
      ['/providers/Microsoft.KeyVault/vaults/kv-1', true],
      ['/providers/Microsoft.KeyVault/vaults/kv-2', true],
      ['/providers/Microsoft.Network/virtualNetworks/net', true],
      ['/providers/Microsoft.Network/virtualNetworks/net/subnets/apps', true],
      ['/providers/Microsoft.Network/virtualNetworks/net/subnets/data', true],
      ['/providers/Microsoft.KeyVault/vaults/kv-1/providers/Microsoft.Authorization/locks/keep', true],
      ['/providers/Microsoft.KeyVault/vaults/kv-2/providers/Microsoft.Authorization/locks/keep', true],
      ['/providers/Microsoft.KeyVault/vaults/kv-never', false],
    ],
  );
});

test("dependencies come first, and otherwise the template's order is kept", () => {
  assert.deepEqual(names({ resources: [vault('c', { dependsOn: ['b'] }), vault('a'), vault('b')] }), ['a', 'b', 'c']);
  // By id, by type and name, by loop; and by a reference without a dependsOn.
  assert.deepEqual(
    names({
      resources: [
        vault('kv-a', {
          dependsOn: [
            "[resourceId('Microsoft.Network/virtualNetworks', 'net')]",
            'Microsoft.KeyVault/vaults/kv-b',
            'many',
          ],
        }),
        vault('kv-d', { properties: { a: { b: ["[reference('net').resourceGuid]"] } } }),
        network('net'),
        vault('kv-b'),
        vault("[concat('kv-m', copyIndex())]", { copy: { name: 'many', count: 2 } }),
      ],
    }),
    ['net', 'kv-d', 'kv-b', 'kv-m0', 'kv-m1', 'kv-a'],
  );
  const none = { copy: { name: 'none', count: 0 } };
  assert.deepEqual(names({ resources: [vault('kv-a', { dependsOn: ['none'] }), vault('x', none)] }), ['kv-a']);
});

test('a template with a cycle, or with a dependency that does not exist, is refused', () => {
  const rows: readonly (readonly [readonly ValueObject[], string])[] = [
    [
      [vault('a', { dependsOn: ['b'] }), vault('b', { dependsOn: ['c'] }), vault('c', { dependsOn: ['b'] })],
      `Circular dependency detected on resource: '${vaultId('b')}' → '${vaultId('c')}' → '${vaultId('b')}'. Please see https://aka.ms/arm-template/#resources for usage details.`,
    ],
    [
      [vault('a', { dependsOn: ['b'] })],
      "The resource 'b' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.",
    ],
    [
      [vault('a'), vault('A')],
      `The resource '${vaultId('A')}' is defined multiple times in a template. Please see https://aka.ms/arm-syntax-resources for usage details.`,
    ],
    [
      [vault('a/b')],
      "The template resource 'a/b' for type 'Microsoft.KeyVault/vaults' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. Please see https://aka.ms/arm-syntax-resources for usage details.",
    ],
    [
      [vault('a', { condition: 'yes' })],
      "The condition of the template resource 'a' must be true or false. Please see https://aka.ms/arm-syntax-resources for usage details.",
    ],
    [
      [vault("[reference('x').name]")],
      "The template language function 'reference' is not valid here: it is not expected at this location: its value is known only when resources are deployed. Please see https://aka.ms/arm-functions for usage details.",
    ],
  ];
  for (const [resources, expected] of rows) assert.equal(planOf({ resources }), expected);
  // A resource that refers to itself is not a cycle, nor is one of two with the same name that is not deployed.
  assert.deepEqual(names({ resources: [vault('a', { properties: { x: "[reference('a').y]" } })] }), ['a']);
  assert.deepEqual(names({ resources: [vault('a', { condition: false }), vault('a')] }), ['a']);
});

test('an invalid template is refused', () => {
  const rows: readonly (readonly [Value, RegExp])[] = [
    [[], /^The template is not a JSON object/],
    [{ contentVersion: '1.0.0.0', resources: [] }, /^Template schema '' is not supported/],
    [{ ...templateOf({}), contentVersion: '1' }, /contentVersion '1' is not valid; write four numbers/],
    [templateOf({ languageVersion: '3.0' }), /language version '"3\.0"' is not supported/],
    [templateOf({ resources: {} }), /resources must be an array/],
    [templateOf({ languageVersion: '2.0', resources: [] }), /resources must be an object of symbolic names/],
    [templateOf({ imports: { a: {} } }), /a top-level member 'imports', which is not supported/],
    [templateOf({ resources: [{ type: 'A/b', apiVersion }] }), /must have 'type' and 'name'/],
    [templateOf({ resources: [{ type: 'A/b', name: 'c' }] }), /The resource of type 'A\/b' has no 'apiVersion'/],
    [templateOf({ resources: [1] }), /A resource of the template must be an object/],
    [
      templateOf({ resources: Array.from({ length: 801 }, (_, index) => vault(`a${index}`)) }),
      /Limit: '800' and actual: '801'/,
    ],
    [
      {
        ...templateOf({}),
        $schema: 'https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#',
      },
      /schema is for the scope of a subscription, but the deployment is at the scope of a resourceGroup/,
    ],
    [
      {
        ...templateOf({}),
        $schema: 'https://schema.management.azure.com/schemas/2019-08-01/tenantDeploymentTemplate.json#',
      },
      /tenantDeploymentTemplate\.json#' is not supported/,
    ],
  ];
  for (const [template, expected] of rows) {
    const planned = planDeployment({ template, parameters: {}, references: new Set(), scope: newScope() });
    assert.ok(!planned.ok);
    assert.match(planned.refusal.message, expected);
  }
});

test('a body is evaluated once the resources that it refers to exist', () => {
  const plan = expectPlan({
    parameters: { tier: { type: 'string', defaultValue: 'premium' } },
    resources: [
      network('net'),
      vault("[concat('kv', copyIndex())]", {
        copy: { name: 'kvs', count: 2 },
        location: '[resourceGroup().location]',
        tags: { index: '[string(copyIndex())]', text: '[[literal]' },
        properties: {
          sku: "[parameters('tier')]",
          guid: "[reference('net').resourceGuid]",
          full: "[reference(resourceId('Microsoft.Network/virtualNetworks', 'net'), '2024-01-01', 'Full').location]",
          copy: [{ name: 'ipRules', count: 2, input: { value: "[format('203.0.113.{0}', copyIndex('ipRules'))]" } }],
        },
      }),
    ],
    outputs: { guid: { type: 'string', value: "[reference('net').resourceGuid]" } },
  });
  assert.deepEqual(bodyOf(plan, 1), { needed: { id: networkId('net'), apiVersion } });
  const state = { location: 'here', properties: { resourceGuid: 'g' } };
  const references = new Map([[networkId('net').toLowerCase(), state]]);
  assert.deepEqual(bodyOf(plan, 2, references), {
    location: 'westeurope',
    tags: { index: '1', text: '[literal]' },
    properties: {
      sku: 'premium',
      guid: 'g',
      full: 'here',
      ipRules: [{ value: '203.0.113.0' }, { value: '203.0.113.1' }],
    },
  });
  assert.deepEqual(outputsOf(plan, references), { guid: { type: 'String', value: 'g' } });
  assert.deepEqual(outputsOf(plan), { needed: { id: networkId('net'), apiVersion } });
});

test('a reference to what the template does not have needs an id and an api-version', () => {
  const outputs = (value: string) => ({ o: { type: 'string', value } });
  const unknown = outputsOf(expectPlan({ resources: [vault('a')], outputs: outputs("[reference('b').x]") }));
  assert.match(
    JSON.stringify(unknown),
    /cannot find 'b': it is not defined in the template, so give its id and an api-version/,
  );
  const elsewhere = "[reference('/subscriptions/s/resourceGroups/o/providers/A/b/c', '2020-01-01').x]";
  assert.deepEqual(outputsOf(expectPlan({ resources: [vault('a')], outputs: outputs(elsewhere) })), {
    needed: { id: '/subscriptions/s/resourceGroups/o/providers/A/b/c', apiVersion: '2020-01-01' },
  });
});

test('symbolic names: existing resources, loops, and resourceInfo', () => {
  const plan = expectPlan({
    languageVersion: '2.0',
    resources: {
      known: network('net', { existing: true }),
      kvs: vault("[format('kv{0}', copyIndex())]", {
        copy: { name: 'loop', count: 2 },
        properties: { guid: "[reference('known').resourceGuid]" },
      }),
      last: vault('kv-last', { dependsOn: ['kvs'], properties: { first: "[reference('kvs[0]').vaultUri]" } }),
    },
    outputs: {
      info: { type: 'object', value: "[resourceInfo('kvs[1]')]" },
      uris: { type: 'array', value: "[map(references('kvs'), lambda('v', lambdaVariables('v').vaultUri))]" },
    },
  });
  assert.deepEqual(
    plan.resources.map(({ name, existing, symbol }) => [name, existing, symbol]),
    [
      ['net', true, 'known'],
      ['kv0', false, 'kvs[0]'],
      ['kv1', false, 'kvs[1]'],
      ['kv-last', false, 'last'],
    ],
  );
  const uri = (name: string) => [vaultId(name).toLowerCase(), { properties: { vaultUri: `https://${name}` } }] as const;
  const references = new Map([uri('kv0'), uri('kv1')]);
  assert.deepEqual(bodyOf(plan, 3, references), { properties: { first: 'https://kv0' } });
  assert.deepEqual(outputsOf(plan, references), {
    info: { type: 'Object', value: { id: vaultId('kv1'), name: 'kv1', type: 'Microsoft.KeyVault/vaults', apiVersion } },
    uris: { type: 'Array', value: ['https://kv0', 'https://kv1'] },
  });
});

test('outputs have their type, and none reveals a secure value', () => {
  const parameters = { password: { type: 'securestring' }, short: { type: 'securestring', defaultValue: 'a' } };
  const outputs = (output: ValueObject) =>
    outputsOf(expectPlan({ parameters, outputs: { o: output } }, { password: 'hunter2-hunter2' }));
  const hidden =
    "The template output 'o' is not valid: it would reveal the value of a secure parameter or of a Key Vault reference. Give it the type securestring or secureobject.";
  const rows: readonly (readonly [ValueObject, unknown])[] = [
    [{ type: 'int', value: "[length(parameters('password'))]" }, { o: { type: 'Int', value: 15 } }],
    [{ type: 'string', value: "[parameters('password')]" }, { refused: hidden }],
    [{ type: 'array', value: ["[concat('pw=', parameters('password'))]"] }, { refused: hidden }],
    [{ type: 'securestring', value: "[parameters('password')]" }, { o: { type: 'SecureString' } }],
    [{ type: 'string', value: "[parameters('short')]" }, { refused: hidden }],
    [{ type: 'string', value: 'banana' }, { o: { type: 'String', value: 'banana' } }],
    [{ type: 'int', value: 'x' }, { refused: "The template output 'o' is not valid: its value is not of type 'Int'." }],
    [{ type: 'string', condition: '[equals(1, 2)]', value: 'x' }, {}],
    [{ type: 'array', copy: { count: 2, input: '[copyIndex()]' } }, { o: { type: 'Array', value: [0, 1] } }],
  ];
  for (const [output, expected] of rows) assert.deepEqual(outputs(output), expected);
});

test('a nested template is evaluated by the outer deployment, or left as it is', () => {
  const inside = { parameters: {}, a: "[parameters('p')]", b: '[[c]' };
  const nested = (options: ValueObject) => ({
    parameters: { p: { type: 'string', defaultValue: '[not an expression]' } },
    resources: [
      {
        type: 'Microsoft.Resources/deployments',
        apiVersion,
        name: 'inner',
        resourceGroup: 'other',
        properties: {
          mode: 'Incremental',
          ...options,
          parameters: { v: { value: "[parameters('p')]" } },
          template: inside,
        },
      },
    ],
  });
  const given = { p: '[evil()]' };
  const outer = expectPlan(nested({}), given);
  assert.deepEqual(outer.resources[0]?.placement, { subscriptionId, resourceGroup: 'other' });
  // The evaluated strings stay strings when the nested deployment reads them.
  assert.deepEqual(bodyOf(outer, 0), {
    properties: {
      mode: 'Incremental',
      parameters: { v: { value: '[evil()]' } },
      template: { parameters: {}, a: '[[evil()]', b: '[[c]' },
    },
  });
  const inner = expectPlan(nested({ expressionEvaluationOptions: { scope: 'Inner' } }), given);
  assert.deepEqual(bodyOf(inner, 0), {
    properties: {
      mode: 'Incremental',
      expressionEvaluationOptions: { scope: 'Inner' },
      parameters: { v: { value: '[evil()]' } },
      template: inside,
    },
  });
});

test('__proto__ is a name like any other', () => {
  const hostile: unknown = JSON.parse('{"__proto__":{"polluted":true},"a":1}');
  const value = readValue(hostile);
  assert.ok(isObject(value));
  assert.deepEqual(Object.keys(value), ['__proto__', 'a']);
  const plan = planDeployment({
    template: { $schema: schema, contentVersion: '1.0.0.0', resources: [vault('a', { properties: value })] },
    parameters: {},
    references: new Set(),
    scope: newScope(),
  });
  assert.ok(plan.ok);
  assert.equal(JSON.stringify(bodyOf(plan.value, 0)), '{"properties":{"__proto__":{"polluted":true},"a":1}}');
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('every order respects the dependencies, and every reported cycle is one', () => {
  const graph = fc
    .integer({ min: 1, max: 12 })
    .chain((size) =>
      fc
        .array(fc.tuple(fc.nat({ max: size - 1 }), fc.nat({ max: size + 1 })), { maxLength: 30 })
        .map((edges) => ({ size, edges })),
    );
  fc.assert(
    fc.property(graph, ({ size, edges }) => {
      const things = Array.from({ length: size }, (_, index) => String(index));
      const needs = new Map<string, Set<string>>();
      for (const [from, to] of edges) needs.set(String(from), (needs.get(String(from)) ?? new Set()).add(String(to)));
      const sorted = inOrder(things, needs);
      if (sorted.ok) {
        assert.deepEqual(sorted.order.toSorted(), things.toSorted());
        for (const [thing, needed] of needs) {
          for (const other of needed) {
            if (things.includes(other)) assert.ok(sorted.order.indexOf(other) < sorted.order.indexOf(thing));
          }
        }
      } else {
        const { cycle } = sorted;
        assert.ok(cycle.length > 0);
        for (const [index, thing] of cycle.entries()) {
          assert.ok(needs.get(thing)?.has(cycle[(index + 1) % cycle.length] ?? ''));
        }
      }
    }),
  );
});

test('two states differ exactly where what-if says so', () => {
  const value = fc.jsonValue({ maxDepth: 4 }).map((found) => readValue(JSON.parse(JSON.stringify(found))) ?? null);
  fc.assert(fc.property(value, value, (a, b) => assert.equal(compare(a, b).length === 0, sameValue(a, b))));
  fc.assert(fc.property(value, (a) => assert.deepEqual(compare(a, structuredClone(a)), [])));
  assert.deepEqual(compare({ a: 1, b: { c: [1, 2], d: 'x' } }, { b: { c: [1, 3, 4], d: 'y' }, e: null }), [
    { path: 'a', propertyChangeType: 'Delete', before: 1 },
    {
      path: 'b.c',
      propertyChangeType: 'Array',
      before: [1, 2],
      after: [1, 3, 4],
      children: [
        { path: '1', propertyChangeType: 'Modify', before: 2, after: 3 },
        { path: '2', propertyChangeType: 'Create', after: 4 },
      ],
    },
    { path: 'b.d', propertyChangeType: 'Modify', before: 'x', after: 'y' },
    { path: 'e', propertyChangeType: 'Create', after: null },
  ]);
});
