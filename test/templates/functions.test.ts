import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forms } from '../../src/templates/functions/forms.ts';
import { functions } from '../../src/templates/functions/functions.ts';
import type { Value, ValueObject } from '../../src/templates/value.ts';
import { groupId, subscriptionId, valueOf } from './scope.ts';

type Row = readonly [string, Value];

/** Azure's own examples, if it has any ("ARM template functions"). */
const values: readonly Row[] = [
  // Logical and comparison.
  ["[if(equals('a', 'a'), 'yes', int('x'))]", 'yes'],
  ["[and(bool('true'), not(false()))]", true],
  ["[and(false(), bool('x'))]", false],
  ["[or(false(), true(), bool('x'))]", true],
  ["[bool('TRUE')]", true],
  ['[bool(0)]', false],
  ["[coalesce(null(), null(), 'default')]", 'default'],
  ['[coalesce(null())]', null],
  ['[equals(createArray(1, 2), createArray(1, 2))]', true],
  ["[equals(createObject('a', 1, 'b', 2), createObject('b', 2, 'a', 1))]", true],
  ["[equals('a', 'A')]", false],
  ["[less('A', 'a')]", true],
  ['[greaterOrEquals(5, 5)]', true],
  ['[greater(5, 5)]', false],
  ['[lessOrEquals(1, 2)]', true],
  // Numbers.
  ['[add(5, 3)]', 8],
  ['[sub(7, 3)]', 4],
  ['[mul(5, 3)]', 15],
  ['[div(8, 3)]', 2],
  ['[div(-8, 3)]', -2],
  ['[mod(7, 3)]', 1],
  ['[min(createArray(0, 3, 2, 5, 4))]', 0],
  ['[max(0, 3, 2, 5, 4)]', 5],
  ["[int('4')]", 4],
  ['[range(5, 3)]', [5, 6, 7]],
  // Strings.
  ["[concat('prefix', '-', 'x')]", 'prefix-x'],
  ["[concat('a', 1, true())]", 'a1True'],
  ['[concat(createArray(1), createArray(2, 3))]', [1, 2, 3]],
  ["[format('{0}, {1}. Formatted number: {2:D4}', 'Hello', 'User', 42)]", 'Hello, User. Formatted number: 0042'],
  ["[format('{{{0}}}|{1,4}|{1,-4}|{2:X2}', 'a', 7, 171)]", '{a}|   7|7   |AB'],
  ["[toLower('One TWO')]", 'one two'],
  ["[toUpper('One two')]", 'ONE TWO'],
  ["[trim('  a b ')]", 'a b'],
  ["[startsWith('abcdef', 'AB')]", true],
  ["[endsWith('abcdef', 'e')]", false],
  ["[replace('123-123-1234', '-', '')]", '1231231234'],
  ["[replace('a$b', 'a', '$&')]", '$&$b'],
  ["[substring('one two three', 4, 3)]", 'two'],
  ["[substring('abc', 1)]", 'bc'],
  ["[padLeft('123', 10, '0')]", '0000000123'],
  ['[padLeft(7, 3)]', '  7'],
  ["[split('one;two,three', createArray(',', ';'))]", ['one', 'two', 'three']],
  ["[split('one,two', ',')]", ['one', 'two']],
  ["[join(createArray('a', 'b', 1), '-')]", 'a-b-1'],
  ["[string(createArray('a', 1))]", '["a",1]'],
  ['[string(true())]', 'True'],
  ['[string(null())]', ''],
  ["[base64('one, two, é')]", 'b25lLCB0d28sIMOp'],
  ["[base64ToString('b25lLCB0d28sIMOp')]", 'one, two, é'],
  ['[base64ToJson(base64(\'{"a":1}\'))]', { a: 1 }],
  ["[uri('http://contoso.org/firstpath', 'myscript.sh')]", 'http://contoso.org/myscript.sh'],
  ["[uriComponent('a b(c)/é')]", 'a%20b%28c%29%2F%C3%A9'],
  ["[uriComponentToString('a%20b')]", 'a b'],
  ["[dataUri('Hello')]", 'data:text/plain;charset=utf8;base64,SGVsbG8='],
  ["[dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')]", 'Hello, World!'],
  // Arrays and objects.
  ["[array('a')]", ['a']],
  ["[contains('OneTwoThree', 'Two')]", true],
  ["[contains('OneTwoThree', 'two')]", false],
  ["[contains(createObject('one', 'a'), 'ONE')]", true],
  ["[contains(createArray('one'), 'ONE')]", false],
  ["[empty('')]", true],
  ['[empty(createArray(null()))]', false],
  ["[length(createObject('a', 1, 'b', 2))]", 2],
  ["[first('One')]", 'O'],
  ['[last(createArray(1, 2))]', 2],
  ['[first(createArray())]', null],
  ["[skip('one two three', 4)]", 'two three'],
  ['[take(createArray(1, 2, 3), 2)]', [1, 2]],
  ['[take(createArray(1), 5)]', [1]],
  ["[union(createArray('one', 'two'), createArray('two', 'three'))]", ['one', 'two', 'three']],
  [
    "[union(createObject('a', 1, 'n', createObject('x', 1)), createObject('a', 2, 'n', createObject('y', 2)))]",
    { a: 2, n: { x: 1, y: 2 } },
  ],
  ["[intersection(createArray('one', 'two', 'three'), createArray('two', 'three'))]", ['two', 'three']],
  ["[intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))]", { a: 1 }],
  ["[indexOf('abcdef', 'CD')]", 2],
  ["[lastIndexOf(createArray('a', 'b', 'a'), 'a')]", 2],
  ["[indexOf(createArray('a'), 'z')]", -1],
  ['[flatten(createArray(createArray(1, 2), createArray(3)))]', [1, 2, 3]],
  [
    "[items(createObject('b', 2, 'A', 1))]",
    [
      { key: 'A', value: 1 },
      { key: 'b', value: 2 },
    ],
  ],
  ["[objectKeys(createObject('b', 2, 'a', 1))]", ['a', 'b']],
  ['[json(\'{"a":[1,null]}\')]', { a: [1, null] }],
  ["[tryGet(createObject('a', createArray(createObject('b', 1))), 'a', 0, 'b')]", 1],
  ["[tryGet(createObject('a', 1), 'x', 'y')]", null],
  ["[createObject('a', 1).?b]", null],
  ["[createObject('A', createArray(1, 2)).a[1]]", 2],
  ["[shallowMerge(createArray(createObject('a', createObject('x', 1)), null(), createObject('a', 2)))]", { a: 2 }],
  // Lambdas.
  ["[map(range(0, 3), lambda('i', mul(lambdaVariables('i'), 2)))]", [0, 2, 4]],
  [
    "[map(createArray('a', 'b'), lambda('v', 'i', format('{0}{1}', lambdaVariables('v'), lambdaVariables('i'))))]",
    ['a0', 'b1'],
  ],
  ["[filter(range(0, 5), lambda('i', greater(lambdaVariables('i'), 2)))]", [3, 4]],
  ["[reduce(range(1, 4), 0, lambda('sum', 'n', add(lambdaVariables('sum'), lambdaVariables('n'))))]", 10],
  ["[sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))]", [1, 2, 3]],
  [
    "[toObject(createArray('x', 'y'), lambda('n', lambdaVariables('n')), lambda('n', toUpper(lambdaVariables('n'))))]",
    { x: 'X', y: 'Y' },
  ],
  ["[mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))]", { a: 2 }],
  [
    "[map(range(0, 2), lambda('i', map(range(0, 2), lambda('j', add(mul(lambdaVariables('i'), 10), lambdaVariables('j'))))))]",
    [
      [0, 1],
      [10, 11],
    ],
  ],
  // Dates.
  ["[dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y')]", '20230407T145314Z'],
  ["[dateTimeAdd('20200407T145314Z', '-P9D', 'yyyy-MM-dd')]", '2020-03-29'],
  ["[dateTimeAdd('2024-01-31T00:00:00Z', 'P1M', 'u')]", '2024-02-29 00:00:00Z'],
  ["[dateTimeAdd('2020-04-07T14:53:14Z', 'PT1H30M', 's')]", '2020-04-07T16:23:14'],
  ["[dateTimeToEpoch('2023-05-05T12:00:00Z')]", 1683288000],
  ['[dateTimeFromEpoch(1683288000)]', '2023-05-05T12:00:00Z'],
  // Resources.
  ["[resourceId('Microsoft.KeyVault/vaults', 'kv')]", `${groupId}/providers/Microsoft.KeyVault/vaults/kv`],
  [
    "[resourceId('other', 'Microsoft.Network/virtualNetworks/subnets', 'net', 's')]",
    `/subscriptions/${subscriptionId}/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/net/subnets/s`,
  ],
  [
    "[resourceId('22222222-2222-4333-8444-555555555555', 'other', 'Microsoft.KeyVault/vaults', 'kv')]",
    '/subscriptions/22222222-2222-4333-8444-555555555555/resourceGroups/other/providers/Microsoft.KeyVault/vaults/kv',
  ],
  [
    "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')]",
    `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/r`,
  ],
  [
    "[tenantResourceId('Microsoft.Authorization/roleDefinitions', 'r')]",
    '/providers/Microsoft.Authorization/roleDefinitions/r',
  ],
  [
    "[extensionResourceId(resourceId('Microsoft.KeyVault/vaults', 'kv'), 'Microsoft.Authorization/locks', 'l')]",
    `${groupId}/providers/Microsoft.KeyVault/vaults/kv/providers/Microsoft.Authorization/locks/l`,
  ],
  ['[resourceGroup().location]', 'westeurope'],
  ['[subscription().tenantId]', 'tenant'],
  ['[tenant().tenantId]', 'tenant'],
  ['[deployment().name]', 'main'],
  ['[environment().suffixes.keyvaultDns]', '.vault.localhost'],
  ['[deployer().objectId]', 'me'],
];

test('functions return what the language defines', () => {
  for (const [expression, expected] of values) assert.deepEqual(valueOf(expression), expected, expression);
});

test('derived names are the same as in Azure', () => {
  // Values from Bicep and Azure, published with other implementations.
  const rows: readonly Row[] = [
    ["[uniqueString('test')]", 'rbgf3xv4ufgzg'],
    ["[uniqueString('hello', 'world')]", 'a7wkljktk6wne'],
    ["[uniqueString('abc')]", 'cgtzqvhu4i23s'],
    ["[uniqueString('/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-rg')]", 'bmg7c6xu4tw46'],
    ["[uniqueString('foo', 'bar', 'baz')]", 'xzi4ioaxtmth4'],
    // RFC 9562's algorithm in Azure's namespace: uuidv5("11fb06fb-712d-4ddd-98c7-e71bbd588830", "a-b").
    ["[guid('a', 'b')]", '2d796349-8c7e-55ec-9624-54ece82ed031'],
    ["[guid('a-b')]", '2d796349-8c7e-55ec-9624-54ece82ed031'],
  ];
  for (const [expression, expected] of rows) assert.equal(valueOf(expression), expected, expression);
  assert.notEqual(valueOf("[uniqueString('Test')]"), 'rbgf3xv4ufgzg');
});

test('invalid arguments of a function are refused with the reason', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['[nothing()]', /^The template function 'nothing' is not valid\. Please see https:\/\/aka\.ms\/arm-functions/],
    [
      '[add(1)]',
      /^Unable to evaluate template language function 'add': function requires 2 argument\(s\) while 1 were provided/,
    ],
    ["[substring('a', 0, 1, 2)]", /requires 1 to 3 argument\(s\) while 4 were provided/],
    ["[add('1', 2)]", /'add' expects its parameter to be of type 'Integer'\. The provided value is of type 'String'/],
    [
      '[toLower(1)]',
      /'toLower' expects its parameter to be of type 'String'\. The provided value is of type 'Integer'/,
    ],
    ["[if('true', 1, 2)]", /'if' expects its parameter to be of type 'Boolean'/],
    ['[div(1, 0)]', /'div' is not valid here: the result is not a whole number/],
    ["[int('1.5')]", /'int' is not valid here: a whole number, or a string with one, is needed/],
    ['[range(0, 10001)]', /the count must be a number from 0 to 10000/],
    ["[format('{1}', 'a')]", /'\{1\}' in the format refers to a missing parameter/],
    ["[format('{0:N2}', 1)]", /the format ':N2' is not supported/],
    ["[substring('abc', 2, 5)]", /start and length must be within the string: 2, 5 of 3 characters/],
    ["[json('{')]", /the string is not valid JSON/],
    ["[base64ToString('*')]", /not valid base64/],
    ["[createObject('a')]", /names and values must come in pairs/],
    ["[union(createArray(1), 'a')]", /'union' expects its parameter to be of type 'Array'/],
    ["[createObject('a', 1).b]", /property 'b' doesn't exist, available properties are 'a'/],
    ['[createArray(1)[1]]', /property array index '1' is out of bounds/],
    ["[toLower('A').b]", /property access is not possible on a value of type 'String'/],
    ["[resourceId('Microsoft.KeyVault/vaults', 'a', 'b')]", /needs as many names as it has segments, not 2/],
    ["[resourceId('a', 'b')]", /none of its parameters is a resource type/],
    ["[dateTimeAdd('2020-01-01', 'P')]", /'P' is not a duration such as P3D/],
    ["[dateTimeAdd('yesterday', 'P1D')]", /'yesterday' is not a date/],
    ["[dateTimeAdd('2020-01-01', 'P1D', 'gg')]", /the date format 'gg' has an unsupported specifier/],
    ['[utcNow()]', /it can only be used in the default value of a parameter/],
    ['[newGuid()]', /it can only be used in the default value of a parameter/],
    ['[copyIndex()]', /it is not inside a loop/],
    ["[copyIndex('x')]", /it is not inside a loop 'x'/],
    ["[parameters('x')]", /^The template parameter 'x' is not found/],
    ["[variables('x')]", /^The template variable 'x' is not found/],
    ["[lambdaVariables('x')]", /^The lambda variable 'x' is not found/],
    ["[map(createArray(1), 'x')]", /expects a lambda/],
    ["[map(createArray(1), lambda('a', 'b', 'c', 1))]", /must have 1 or 2 variable\(s\); it has 3/],
    ['[lambda(1)]', /A lambda may only be an argument of/],
    ["[reference('kv')]", /its value is known only when resources are deployed/],
    ["[listKeys('a', '2020-01-01')]", /functions that list secrets \(list\*\) are not supported/],
    ['[managementGroup()]', /there are no management groups/],
  ];
  for (const [expression, expected] of rows) {
    const found = valueOf(expression);
    assert.ok(typeof found === 'object' && found !== null && 'refused' in found, expression);
    assert.ok(typeof found.refused === 'string');
    assert.match(found.refused, expected, expression);
  }
});

test('these tests call every function', () => {
  const called = values
    .map(([expression]) => expression)
    .join(' ')
    .toLowerCase();
  const elsewhere = new Set([
    'guid',
    'uniquestring',
    'parameters',
    'variables',
    'copyindex',
    'reference',
    'references',
    'resourceinfo',
    'utcnow',
    'newguid',
  ]);
  const refused = new Set([
    'list',
    'listkeys',
    'listsecrets',
    'listaccountsas',
    'listservicesas',
    'providers',
    'pickzones',
    'managementgroup',
    'managementgroupresourceid',
    'externalinput',
    'tological',
    'tologicalzone',
    'tologicalzones',
    'tophysicalzone',
    'tophysicalzones',
  ]);
  const missing = [...functions.keys(), ...forms.keys()].filter(
    (name) => !called.includes(`${name}(`) && !elsewhere.has(name) && !refused.has(name),
  );
  assert.deepEqual(missing, []);
});

test('a template that makes a value larger and larger is stopped', () => {
  const doubling = Array.from({ length: 60 }, (_, level): readonly [string, Value] => [
    `v${level + 1}`,
    `[concat(variables('v${level}'), variables('v${level}'))]`,
  ]);
  const nested = Array.from({ length: 60 }, (_, level): readonly [string, Value] => [
    `w${level + 1}`,
    [`[variables('w${level}')]`, `[variables('w${level}')]`],
  ]);
  const variables: ValueObject = {
    v0: 'abcdefgh',
    w0: 'x',
    ...Object.fromEntries(doubling),
    ...Object.fromEntries(nested),
  };
  for (const name of ['v60', 'w60']) {
    assert.deepEqual(valueOf(`[variables('${name}')]`, { variables }), {
      refused: 'The template is too large to evaluate: it makes too many values, or values that are too large.',
    });
  }
  assert.equal(valueOf("[length(variables('v10'))]", { variables }), 8 * 1024);
});
