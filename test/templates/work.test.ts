import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { functions } from '../../src/templates/functions/functions.ts';
import { runEvaluation } from '../../src/templates/budget.ts';
import { evaluateValue } from '../../src/templates/evaluate.ts';
import { finishBody, finishOutputs } from '../../src/templates/finish.ts';
import { planDeployment } from '../../src/templates/plan.ts';
import { outcomeOf } from '../../src/templates/refusal.ts';
import type { Value, ValueObject } from '../../src/templates/value.ts';
import { newScope, templateOf } from './scope.ts';

/**
 * Ten times the time of an evaluation whose budget is used up, for busy machines. Work that is not
 * paid for would take seconds or minutes with these arguments.
 */
const cpuMsMax = 1_500;

/** The largest values that fit into a body of 4 MB within its bounds, each with an equal but separate twin. */
function largest(): ValueObject {
  const numbers = (from: number) => Array.from({ length: 24_000 }, (_, index) => from + index);
  const members = (from: number) =>
    Object.fromEntries(
      numbers(from)
        .slice(0, 4_500)
        .map((n) => [`name${n}`, n]),
    );
  const objects = (key: string) =>
    numbers(0)
      .slice(0, 4_000)
      .map((n) => ({ [`${key}${n}`]: { a: [n] } }));
  const base64 = Buffer.alloc(900_000, 'ab').toString('base64');
  const text = 'a'.repeat(1_000_000);
  return {
    numbers: numbers(0),
    others: numbers(24_000),
    texts: numbers(0).map((n) => `text ${n}`),
    objects: objects('a'),
    otherObjects: objects('b'),
    members: members(0),
    otherMembers: members(4_500),
    text,
    pattern: `${'a'.repeat(400_000)}b`,
    patternBefore: `b${'a'.repeat(400_000)}`,
    base64,
    format: '{0}{0}{0,9999}'.repeat(60_000),
    json: `[${'[],'.repeat(90_000)}[]]`,
    jsonMembers: `{${Array.from({ length: 19_000 }, (_, n) => `"${n}x":1`).join()}}`,
    deepJson: '['.repeat(900_000),
    uri: 'https://a/' + '../b/'.repeat(150_000),
    escapes: '%41'.repeat(300_000),
    dataUri: `data:${';base64'.repeat(120_000)}`,
    digits: '1'.repeat(900_000),
    duration: `P${'1'.repeat(900_000)}`,
    spaces: ' '.repeat(900_000),
    type: 'Microsoft.X/' + 'a/'.repeat(300_000),
  };
}

const given = largest();
const names = Object.keys(given);
const parameterOf = (name: string) => `parameters('${name}')`;

function declarations(values: ValueObject): ValueObject {
  const declared = Object.entries(values).map(([name, value]) => {
    const type = typeof value === 'string' ? 'string' : Array.isArray(value) ? 'array' : 'object';
    return [name, { type }] as const;
  });
  return Object.fromEntries(declared);
}

function planWith(parts: ValueObject, parameters: ValueObject = {}, scope = newScope()) {
  return planDeployment({ template: templateOf(parts), parameters, references: new Set(), scope });
}

/** Plans a template and evaluates its bodies and outputs, as a deployment does. Returns the message of a refusal. */
function deploy(parts: ValueObject, parameters: ValueObject = {}): string | undefined {
  const planned = planWith(parts, parameters);
  if (!planned.ok) return planned.refusal.message;
  for (const resource of planned.value.resources.slice(0, 3)) {
    const body = finishBody(planned.value, resource, new Map());
    if (!body.ok) return body.refusal.message;
  }
  const outputs = finishOutputs(planned.value, new Map());
  return outputs.ok ? undefined : outputs.refusal.message;
}

function expectLittleWork<T>(what: string, work: () => T): T {
  const before = process.cpuUsage();
  const found = work();
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000;
  assert.ok(ms < cpuMsMax, `${what} took ${ms} ms of the processor`);
  return found;
}

/** Calls of a function with each of the largest values, combined with the worst other arguments. */
function callsOf(name: string, [least, most]: readonly [number, number]): readonly string[] {
  const count = Math.min(Math.max(least, 2), most);
  const call = (pair: readonly string[]) =>
    `[${name}(${Array.from({ length: count }, (_, index) => parameterOf(pair[index % 2] ?? 'text')).join()})]`;
  const beside = ['patternBefore', 'texts'];
  return [...new Set(names.flatMap((first) => [first, ...beside].map((second) => call([first, second]))))];
}

interface Attack {
  readonly parts: ValueObject;
  readonly parameters?: ValueObject;
  readonly says: RegExp;
}

const tooMuch = /^The template is too large to evaluate: it makes too many values, or values that are too large\.$/;

function output(value: Value, more: ValueObject = {}): ValueObject {
  return { outputs: { found: { type: 'array', value } }, ...more };
}

/** Evaluates an expression as often as the budget allows. */
function again(expression: string): string {
  const inside = `length(map(range(0, 10000), lambda('b', ${expression})))`;
  return `[map(range(0, 10000), lambda('a', ${inside}))]`;
}

const resource = (name: string, others: ValueObject = {}): ValueObject => ({
  type: 'Microsoft.KeyVault/vaults',
  apiVersion: '2023-07-01',
  name,
  ...others,
});

function attacks(): Readonly<Record<string, Attack>> {
  const of = (length: number) => Array.from({ length }, (_, index) => index);
  const nested = (depth: number, inside: string) => `${'createArray('.repeat(depth)}${inside}${')'.repeat(depth)}`;
  const lambdaName = 'x'.repeat(11_000);
  return {
    'a union that grows by one': {
      parts: output(
        "[reduce(range(0, 10000), createArray(), lambda('a', 'b', union(lambdaVariables('a'), createArray(lambdaVariables('b')))))]",
      ),
      says: tooMuch,
    },
    'a map in a map in a map': {
      parts: output(
        "[map(range(0, 9999), lambda('a', map(range(0, 9999), lambda('b', map(range(0, 9999), lambda('c', 1))))))]",
      ),
      says: tooMuch,
    },
    'an order that asks for each pair': {
      parts: output(
        "[sort(range(0, 10000), lambda('a', 'b', contains(range(0, 10000), add(lambdaVariables('a'), lambdaVariables('b')))))]",
      ),
      says: tooMuch,
    },
    'names of lambdas that are long': {
      parts: output(`[map(range(0, 9999), lambda('${lambdaName}', map(createArray(1), lambda('${lambdaName}', 1))))]`),
      says: tooMuch,
    },
    'many lambdas inside of each other': {
      parts: output(`[${of(30).reduce((inside) => `map(createArray(1, 2), lambda('x', ${inside}))`, '1')}]`),
      says: tooMuch,
    },
    'a value that is nested without end': {
      parts: output("[reduce(range(0, 10000), 1, lambda('a', 'b', createArray(lambdaVariables('a'))))]"),
      says: /nested more than 100 deep/,
    },
    'variables that need each other, each deep inside': {
      parts: output("[createArray(variables('v0'))]", {
        variables: Object.fromEntries(
          of(250).map((index) => [
            `v${index}`,
            `[first(${nested(60, index < 249 ? `length(createArray(variables('v${index + 1}')))` : '1')})]`,
          ]),
        ),
      }),
      says: /are more than 300 levels deep/,
    },
    'a text that doubles': {
      parts: output(
        "[split(reduce(range(0, 40), 'ab', lambda('a', 'b', concat(lambdaVariables('a'), lambdaVariables('a')))), 'x')]",
      ),
      says: tooMuch,
    },
    'a replacement that makes a thousand times as much': {
      parts: output("[createArray(replace(parameters('a'), 'a', parameters('b')))]", {
        parameters: declarations({ a: '', b: '' }),
      }),
      parameters: { a: 'a'.repeat(1_000_000), b: 'b'.repeat(1_000_000) },
      says: tooMuch,
    },
    'a joint that is long': {
      parts: output("[createArray(join(range(0, 10000), parameters('b')))]", { parameters: declarations({ b: '' }) }),
      parameters: { b: 'b'.repeat(1_000_000) },
      says: tooMuch,
    },
    'a format that shows a large value again and again': {
      parts: output("[createArray(format(parameters('f'), range(0, 10000)))]", { parameters: declarations({ f: '' }) }),
      parameters: { f: '{0}'.repeat(100_000) },
      says: tooMuch,
    },
    'JSON that is read again and again': {
      parts: output("[map(range(0, 10000), lambda('a', json(parameters('j'))))]", {
        parameters: declarations({ j: '' }),
      }),
      parameters: { j: JSON.stringify(Object.fromEntries(of(19_000).map((n) => [`m${n}`, 1]))) },
      says: tooMuch,
    },
    'a loop over an expression that is long to read': {
      parts: output([], {
        variables: {
          copy: of(100).map((index) => ({
            name: `v${index}`,
            count: 800,
            input: `[concat('${'x'.repeat(23_000)}', '${index}')]`,
          })),
        },
        outputs: { found: { type: 'array', value: "[variables('v99')]" } },
      }),
      says: tooMuch,
    },
    'a loop of resources with a large body': {
      parts: {
        resources: [
          resource("[concat('kv', copyIndex())]", {
            copy: { name: 'c', count: 800 },
            dependsOn: of(20_000).map(String),
          }),
        ],
      },
      says: tooMuch,
    },
    'a loop of resources with a long name': {
      parts: {
        resources: [resource("[concat('kv', copyIndex(), parameters('n'))]", { copy: { name: 'c', count: 800 } })],
        parameters: declarations({ n: '' }),
      },
      parameters: { n: 'n'.repeat(3_000_000) },
      says: tooMuch,
    },
    'loops of more resources than there may be': {
      parts: {
        resources: of(2).map((index) =>
          resource(`[concat('kv${index}-', copyIndex())]`, { copy: { name: `c${index}`, count: 800 } }),
        ),
      },
      says: /^The number of template resources limit exceeded\. Limit: '800'/,
    },
    'references that cost more than there is, each of them': {
      parts: {
        resources: [
          resource("[concat('kv', copyIndex())]", {
            copy: { name: 'c', count: 800 },
            properties: { a: "[reference(concat('kv', length(map(range(0, 10000), lambda('a', range(0, 10000))))))]" },
          }),
        ],
      },
      says: tooMuch,
    },
    'names that nothing has, in a template with many loops': {
      parts: {
        resources: [
          ...of(400).map((index) => resource(`kv${index}`, { copy: { name: `loop${index}`, count: 1 } })),
          resource('last', { dependsOn: of(50_000).map((index) => `loop${index % 400}`) }),
        ],
      },
      says: /defined multiple times|^undefined$/,
    },
    'types that lead to each other, for each parameter': {
      parts: {
        definitions: {
          ...Object.fromEntries(
            of(9).map((index) => [
              `d${index}`,
              {
                $ref: `#/definitions/d${index + 1}`,
                ...Object.fromEntries(of(1_900).map((n) => [`m${index}-${n}`, 1])),
              },
            ]),
          ),
          d9: { type: 'int' },
        },
        parameters: Object.fromEntries(
          of(200).map((index) => [`p${index}`, { $ref: '#/definitions/D0', defaultValue: 1 }]),
        ),
      },
      says: tooMuch,
    },
    'a list of allowed values as long as the value': {
      parts: { parameters: { p: { type: 'array', allowedValues: of(45_000) } } },
      parameters: { p: of(45_000).map((n) => n + 45_000) },
      says: /The value is not part of the allowed value/,
    },
    'a parameter of a function with a long name': {
      parts: output("[map(range(0, 10000), lambda('a', my.f(1)))]", {
        functions: [
          {
            namespace: 'my',
            members: {
              f: { parameters: [{ name: 'p'.repeat(3_000_000), type: 'int' }], output: { type: 'int', value: 1 } },
            },
          },
        ],
      }),
      says: /^undefined$/,
    },
    'secrets that are looked for in a long text': {
      parts: output("[createArray(parameters('t'))]", {
        parameters: {
          t: { type: 'string' },
          s: { type: 'secureObject' },
        },
      }),
      parameters: {
        t: 'a'.repeat(3_000_000),
        s: Object.fromEntries(of(250).map((index) => [`s${index}`, `b${index}${'a'.repeat(3_000)}`])),
      },
      says: tooMuch,
    },
    'a path of many steps through a large object': {
      parts: output(`[map(range(0, 10000), lambda('a', tryGet(parameters('o')${", 'a'".repeat(50)})))]`, {
        parameters: declarations({ o: {} }),
      }),
      parameters: { o: Object.fromEntries(of(19_000).map((n) => [`m${n}`, 1])) },
      says: tooMuch,
    },
    'a member that is looked for in a large object again and again': {
      parts: output("[map(range(0, 10000), lambda('a', parameters('o').?none))]", {
        parameters: declarations({ o: {} }),
      }),
      parameters: { o: Object.fromEntries(of(19_000).map((n) => [`m${n}`, 1])) },
      says: tooMuch,
    },
    'dates that are written again and again in a long format': {
      parts: output(again(`dateTimeAdd('2020-01-01T00:00:00Z', 'P1D', '${'fff-'.repeat(32)}')`)),
      says: tooMuch,
    },
    'objects with names that are long': {
      parts: output("[map(range(0, 10000), lambda('a', createObject(parameters('n'), 1)))]", {
        parameters: declarations({ n: '' }),
      }),
      parameters: { n: 'n'.repeat(3_000_000) },
      says: tooMuch,
    },
  };
}

suite('the work of a template', () => {
  test('a function with the largest arguments is fast, or refused before it starts', () => {
    const planned = planWith({ parameters: declarations(given) }, given);
    assert.ok(planned.ok, 'the parameters are refused');
    const { frame } = planned.value;
    for (const [name, { arity }] of functions) {
      for (const call of callsOf(name, arity)) {
        frame.budget.allowance.steps = 10_000_000;
        expectLittleWork(call, () => outcomeOf(() => runEvaluation(frame.budget, () => evaluateValue(call, frame))));
      }
    }
  });

  for (const [name, { parts, parameters, says }] of Object.entries(attacks())) {
    test(`${name} is refused quickly`, () => {
      const refusal = expectLittleWork(name, () => deploy(parts, parameters));
      assert.match(String(refusal), says);
    });
  }

  test('an evaluation that takes too long by the clock is refused, whatever its steps', () => {
    let now = 0;
    const scope = newScope(() => (now += 400));
    const value = "[map(range(0, 9999), lambda('a', concat('a', string(lambdaVariables('a')))))]";
    const planned = planWith(
      { variables: { v: value }, resources: [resource("[concat('kv', length(variables('v')))]")] },
      {},
      scope,
    );
    assert.ok(!planned.ok);
    assert.match(planned.refusal.message, /^The template took too long to evaluate/);
  });

  test('evaluations of one deployment and its nested deployments share one allowance', () => {
    const scope = newScope();
    const parts = {
      variables: { v: '[range(0, 9000)]' },
      resources: [resource("[concat('kv', length(variables('v')))]")],
    };
    let plans = 0;
    while (planWith(parts, {}, scope).ok && plans < 10_000) plans += 1;
    const alone = 40_000_000 - scope.allowance.steps;
    assert.ok(plans > 100 && plans < 10_000, `${plans} plans`);
    assert.ok(alone > 39_000_000, `${alone} steps`);
    assert.ok(planWith(parts).ok, 'another deployment has its own allowance');
  });

  test('a digest of a short string costs as much as computing it', () => {
    let digests = 0;
    const scope = newScope();
    const sha1 = (bytes: Uint8Array) => {
      digests += 1;
      return scope.sha1(bytes);
    };
    const planned = planWith(output(again("guid('a')")), {}, { ...scope, sha1 });
    assert.ok(planned.ok);
    const outputs = finishOutputs(planned.value, new Map());
    assert.ok(!outputs.ok);
    assert.match(outputs.refusal.message, tooMuch);
    assert.ok(digests > 1_000 && digests < 20_000, `${digests} digests`);
  });

  test('realistic templates use a small part of the allowance', () => {
    const scope = newScope();
    const vaults = resource("[concat('kv', copyIndex())]", {
      copy: { name: 'vaults', count: 400 },
      location: '[resourceGroup().location]',
      tags: "[union(parameters('tags'), createObject('index', string(copyIndex())))]",
      properties: { tenantId: '[subscription().tenantId]', networkAcls: { ipRules: "[variables('rules')]" } },
      dependsOn: ["[resourceId('Microsoft.Network/virtualNetworks', 'net')]"],
    });
    const net = resource('net', { type: 'Microsoft.Network/virtualNetworks' });
    const planned = planWith(
      {
        parameters: { tags: { type: 'object' } },
        variables: {
          rules:
            "[map(range(0, 200), lambda('i', createObject('value', format('203.0.113.{0}', lambdaVariables('i')))))]",
        },
        resources: [net, vaults],
      },
      { tags: { owner: 'me', stage: 'test' } },
      scope,
    );
    assert.ok(planned.ok);
    for (const one of planned.value.resources) assert.ok(finishBody(planned.value, one, new Map()).ok);
    const used = 40_000_000 - scope.allowance.steps;
    assert.ok(used < 2_000_000, `${used} steps`);
  });
});
