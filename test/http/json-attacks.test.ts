import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { bodyBounds } from '../../src/json/bounded-json.ts';
import { bodyWith, deployments, template } from '../control-plane/deployments.ts';
import {
  at,
  group,
  location,
  networks,
  putVault,
  startWithGroup,
  vaultBody,
  vaults,
} from '../control-plane/resources.ts';
import type { Answered } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';

let world: TestServer;
before(async () => {
  world = await startWithGroup();
  await putVault(world.client, 'kv-bounds', { accessPolicies: [adminPolicy()] });
});
after(() => world[Symbol.asyncDispose]());

function adminPolicy() {
  const { tenantId, objectId } = world.client.identity;
  return { tenantId, objectId, permissions: { secrets: ['all'] } };
}

/** Strings that take seconds of the event loop to parse or to process, each within the size that its edge allows. */
function attacks(bytes: number): Readonly<Record<string, string>> {
  const { depth, members, values } = bodyBounds;
  const deep = Math.floor(bytes / 6);
  return {
    'of open brackets': '['.repeat(bytes),
    'of nested objects': `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`,
    'nested one deeper than allowed': `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    'of members': `{${Array.from({ length: members + 1 }, (_, index) => `"${index.toString(36)}x":1`).join()}}`,
    'of values': `{"a":[${'1,'.repeat(values)}1]}`,
  };
}

const largest = { vault: 1_000_000, graph: 1_000_000, arm: 4_000_000 };

interface Edge {
  readonly code: string;
  readonly bytes: number;
  readonly says: RegExp;
  readonly ask: (body: string) => Promise<Answered>;
}

const bound = /nested more than 128 deep|more than 20000 members|more than 100000 values/;

const edges: Readonly<Record<string, Edge>> = {
  'a vault': {
    code: 'BadParameter',
    bytes: largest.vault,
    says: /^The request body is refused: /,
    ask: (body) => world.client.vault('kv-bounds', 'PUT', '/secrets/s', { body }),
  },
  'the resource manager': {
    code: 'InvalidRequestContent',
    bytes: largest.arm,
    says: /^The request content was invalid and could not be deserialized: /,
    ask: (body) => world.client.arm('PUT', `${group}/providers/Microsoft.Storage/storageAccounts/s`, body),
  },
  'a deployment': {
    code: 'InvalidRequestContent',
    bytes: largest.arm,
    says: /^The request content was invalid and could not be deserialized: /,
    ask: (body) => world.client.arm('PUT', `${deployments}/d`, body),
  },
  "a deployment's template as the Azure CLI sends it": {
    code: 'InvalidRequestContent',
    bytes: largest.arm - 100,
    says: /^The request content was invalid and could not be deserialized: /,
    ask: (body) => world.client.arm('PUT', `${deployments}/d`, `{"properties": {"mode": "x", template:${body}}}`),
  },
  Graph: {
    code: 'BadRequest',
    bytes: largest.graph,
    says: /^Unable to read JSON request payload: /,
    ask: async (body) => {
      const { client } = world;
      return client.send(`${client.home}/v1.0/groups`, { method: 'POST', body, token: await client.token('arm') });
    },
  },
};

suite('JSON that is small but expensive', () => {
  for (const [name, { ask, code, bytes, says }] of Object.entries(edges)) {
    test(`${name} refuses it unread, and names the bound`, async () => {
      for (const [what, body] of Object.entries(attacks(bytes))) {
        const answered = await ask(body);
        const error = at(answered.body, 'error');
        assert.deepEqual([answered.status, error['code']], [400, code], `${what}: ${String(error['message'])}`);
        assert.match(String(error['message']), says, what);
        assert.match(String(error['message']), bound, what);
      }
    });
  }

  test('a resource of the greatest depth is stored, changed and returned', async () => {
    const path = `${group}/providers/Microsoft.Storage/storageAccounts/deep`;
    const levels = bodyBounds.depth - 2;
    const nested = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    const body = `{"location":"${location}","properties":{"a":${nested}}}`;
    for (const method of ['PUT', 'PATCH', 'PUT', 'GET']) {
      const answered = await world.client.arm(method, path, method === 'GET' ? undefined : body);
      assert.ok(answered.status < 300, `${method} ${answered.status}`);
      assert.equal(JSON.stringify(answered.body['properties']?.['a']), nested);
    }
  });
});

suite('names of the prototype', () => {
  const hostile: readonly unknown[] = [{ toString: 1 }, { valueOf: {} }, { a: 1 }, []];
  const resources: Readonly<Record<string, (tags: unknown) => [string, string, unknown]>> = {
    'a group': (tags) => ['PUT', group, { location, tags }],
    'a group that is patched': (tags) => ['PATCH', group, { tags }],
    'a vault': (tags) => ['PUT', `${vaults}/kv-tags`, { ...vaultBody(world.client), tags }],
    'a vault that is patched': (tags) => ['PATCH', `${vaults}/kv-bounds`, { tags }],
    'a network': (tags) => [
      'PUT',
      `${networks}/tagged`,
      { location, tags, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } },
    ],
    'any resource': (tags) => ['PUT', `${group}/providers/Microsoft.Storage/storageAccounts/t`, { location, tags }],
    'a deployment': (tags) => ['PUT', `${deployments}/t`, { ...bodyWith({}), tags }],
  };
  for (const [name, request] of Object.entries(resources)) {
    test(`a tag of ${name} that is not a string is refused by name`, async () => {
      for (const value of hostile) {
        const answered = await world.client.arm(...request({ a: value }));
        const message = "The value of the tag 'a' must be a string.";
        assert.deepEqual([answered.status, answered.body], [400, { error: { code: 'BadRequest', message } }]);
      }
    });
  }

  test('`__proto__`, `constructor` and `toString` are ordinary tags and properties', async () => {
    const path = `${group}/providers/Microsoft.Compute/disks/names`;
    const names = '{"__proto__":"a","constructor":"b","toString":"c"}';
    const body = `{"location":"${location}","tags":${names},"properties":${names}}`;
    for (const method of ['PUT', 'PATCH', 'GET']) {
      const answered = await world.client.arm(method, path, method === 'GET' ? undefined : body);
      assert.ok(answered.status < 300, `${method} ${answered.status}`);
      assert.equal(JSON.stringify(answered.body['tags']), names);
      const properties = JSON.stringify(answered.body['properties']);
      assert.equal(properties, names.replace('}', ',"provisioningState":"Succeeded"}'));
    }
  });

  test("a reference whose id has a 'toString' of its own is refused, and does not fail", async () => {
    const hostileIds = { publicIpAddresses: [{ id: { toString: 1 } }, {}] };
    const answered = await world.client.arm('PUT', `${group}/providers/Microsoft.Network/natGateways/n`, {
      location,
      properties: hostileIds,
    });
    assert.equal(answered.status, 400, JSON.stringify(answered.body));
  });

  test('a template that makes such a tag fails as its resource would', async () => {
    const resource = {
      type: 'Microsoft.Storage/storageAccounts',
      apiVersion: '2023-07-01',
      name: 'x',
      location,
      tags: { a: { toString: 1 } },
    };
    const body = { properties: { mode: 'Incremental', template: template({ resources: [resource] }) } };
    const answered = await world.client.arm('POST', `${deployments}/v/validate`, body);
    assert.equal(answered.status, 400);
    assert.match(JSON.stringify(answered.body), /The value of the tag 'a' must be a string\./);
  });
});
