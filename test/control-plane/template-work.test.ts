import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { bodyWith, deployments, template } from './deployments.ts';
import type { Answered } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import { at, expectStatus, group, startWithGroup } from './resources.ts';

/** It would be minutes if a function's work were not charged; on a busy machine, anything can take a second. */
const heldMsMax = 2_000;

const numbers = (from: number) => Array.from({ length: 24_000 }, (_, index) => from + index);

const expressions: Readonly<Record<string, string>> = {
  'a union': "[union(parameters('a'), parameters('b'))]",
  'an intersection': "[intersection(parameters('a'), parameters('b'), parameters('a'))]",
  'a containment': "[map(parameters('a'), lambda('n', contains(parameters('b'), lambdaVariables('n'))))]",
  'an index': "[map(parameters('a'), lambda('n', indexOf(parameters('b'), lambdaVariables('n'))))]",
  'a format': "[createArray(format(parameters('f'), parameters('a')))]",
  'a split': "[split(parameters('t'), parameters('s'))]",
};

test('expensive templates do not block other requests, and templates that are too expensive are refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const values = {
    a: numbers(0),
    b: numbers(24_000),
    f: '{0}'.repeat(50_000),
    t: 'ab'.repeat(200_000),
    s: numbers(0).slice(0, 5_000).map(String),
  };
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const asked = Object.entries(expressions).map(async ([name, value]) => {
    const types = Object.fromEntries(
      Object.entries(values).map(([one, given]) => [one, { type: typeof given === 'string' ? 'string' : 'array' }]),
    );
    const parameters = Object.fromEntries(Object.entries(values).map(([one, given]) => [one, { value: given }]));
    const body = bodyWith({ parameters: types, outputs: { found: { type: 'array', value } } }, { parameters });
    const answered = await client.arm('POST', `${deployments}/heavy/validate`, body);
    if (answered.status !== 200) {
      assert.equal(answered.status, 400, name);
      assert.match(JSON.stringify(answered.body), /The template is too large to evaluate/, name);
    }
    return [name, answered.status] as const;
  });
  const statuses = Object.fromEntries(await Promise.all(asked));
  assert.equal((await client.arm('GET', group)).status, 200);
  delay.disable();
  assert.ok(delay.max / 1e6 < heldMsMax, `the thread was held for ${delay.max / 1e6} ms`);
  assert.deepEqual(statuses, {
    'a union': 200,
    'an intersection': 200,
    'a containment': 400,
    'an index': 400,
    'a format': 400,
    'a split': 400,
  });
});

test('a nested deployment has the remaining allowance of the one around it', async () => {
  await using world = await startWithGroup();
  const work = "[length(map(range(0, 9000), lambda('a', range(0, 100))))]";
  const inner = template({ outputs: { found: { type: 'int', value: work } } });
  const nested = {
    type: 'Microsoft.Resources/deployments',
    apiVersion: '2022-09-01',
    name: "[concat('inner', copyIndex())]",
    copy: { name: 'inner', count: 200 },
    properties: { mode: 'Incremental', expressionEvaluationOptions: { scope: 'inner' }, template: inner },
  };
  const answered = await world.client.arm('POST', `${deployments}/outer/validate`, bodyWith({ resources: [nested] }));
  assert.equal(answered.status, 400);
  assert.match(JSON.stringify(at(answered.body, 'error')), /The template is too large to evaluate/);
});

/** The number of other requests that were answered, one after the other, while `work` ran. */
async function answeredDuring({ client }: TestServer, work: Promise<Answered>): Promise<number> {
  const token = await client.token('arm');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const url = `${client.home}/subscriptions/${client.identity.subscriptionId}${group}?api-version=2023-07-01`;
  const so = { isOver: false, others: 0 };
  const over = work.then((answered) => {
    so.isOver = true;
    return answered;
  });
  while (!so.isOver) {
    expectStatus(await client.send(url, { token, agent }), 200);
    so.others += 1;
  }
  agent.destroy();
  expectStatus(await over, 200);
  return so.others;
}

test('other requests are answered between the resources of a trial, and between the records of a walk', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const sites = { type: 'Microsoft.Web/sites', apiVersion: '2022-03-01', location: 'westeurope' };
  const many = { ...sites, name: "[concat('s', copyIndex())]", copy: { name: 'sites', count: 800 } };
  const trial = client.arm('POST', `${deployments}/many/validate`, bodyWith({ resources: [many] }));
  const duringTrial = await answeredDuring(world, trial);
  assert.ok(duringTrial > 60, `${duringTrial} others during the trial`);
  for (const index of Array.from({ length: 16 }, (_, one) => one)) {
    const properties = { a: 'x'.repeat(1_900_000) };
    const path = `${group}/providers/Microsoft.Web/sites/large-${index}`;
    expectStatus(await client.arm('PUT', path, { location: 'westeurope', properties }), 201);
  }
  const duringWalk = await answeredDuring(world, client.arm('GET', '/tagNames'));
  assert.ok(duringWalk > 6, `${duringWalk} others while tags are collected`);
  const whatIf = client.arm('POST', `${deployments}/none/whatIf`, bodyWith({}));
  const duringWhatIf = await answeredDuring(world, whatIf);
  assert.ok(duringWhatIf > 6, `${duringWhatIf} others while a group is listed`);
});
