import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { NetworkWatch } from '../../src/control-plane/fabric/network-watch.ts';
import { deleteClient } from '../../src/directory/client-registration.ts';
import { findClient } from '../../src/directory/clients.ts';
import { readAuthorization, roleAtStart } from '../../src/resources/authorization/authorization.ts';
import { openReader } from '../../src/setup/reader.ts';
import { register } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import type { Answered, Client, Credentials, Json } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import {
  at,
  endpoint,
  expectError,
  expectStatus,
  group,
  incarnationOf,
  namesIn,
  location,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
} from './resources.ts';

const provider = `${group}/providers/Microsoft.Network`;
const fabric = '/providers/Postern.Fabric/networks?api-version=2026-11-01';

interface Asking {
  readonly after?: string;
  readonly as?: Credentials;
  readonly agent?: Agent;
}

/** A request for the state of the networks, by default as the administrator. */
async function ask({ client }: TestServer, { after, as, agent }: Asking = {}): Promise<Answered> {
  const query = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
  const sent = agent === undefined ? {} : { agent };
  return client.send(`${client.home}${fabric}${query}`, { token: await client.token('arm', as), ...sent });
}

async function stateOf(world: TestServer, asking?: Asking): Promise<Json> {
  return expectStatus(await ask(world, asking), 200).body;
}

async function versionOf(world: TestServer): Promise<string> {
  return String(at(await stateOf(world), 'version'));
}

/** Resolves when that many requests wait. */
async function waiting({ server: { networkWatch } }: TestServer, count: number): Promise<void> {
  while (networkWatch.waiting !== count) await sleep(5);
}

async function put(client: Client, path: string, body: object): Promise<Json> {
  const answered = await client.arm('PUT', path, { location, ...body });
  assert.ok(answered.status < 300, JSON.stringify(answered.body));
  return answered.body;
}

const rule = {
  protocol: 'tcp',
  access: 'Allow',
  priority: 100,
  direction: 'Outbound',
  sourceAddressPrefix: 'VirtualNetwork',
  sourcePortRange: '*',
  destinationAddressPrefix: 'AzureKeyVault',
  destinationPortRanges: ['443', '8000-8080'],
};

const any = { sourcePrefixes: ['*'], sourcePorts: ['*'], destinationPrefixes: ['*'], destinationPorts: ['*'] };
const inbound = { direction: 'Inbound', protocol: '*' };
const outbound = { direction: 'Outbound', protocol: '*' };
const withinNetwork = { ...any, sourcePrefixes: ['VirtualNetwork'], destinationPrefixes: ['VirtualNetwork'] };
const fromBalancer = { ...any, sourcePrefixes: ['AzureLoadBalancer'] };
const toInternet = { ...any, destinationPrefixes: ['Internet'] };

const defaults = [
  { name: 'AllowVnetInBound', priority: 65_000, access: 'Allow', ...inbound, ...withinNetwork },
  { name: 'AllowAzureLoadBalancerInBound', priority: 65_001, access: 'Allow', ...inbound, ...fromBalancer },
  { name: 'DenyAllInBound', priority: 65_500, access: 'Deny', ...inbound, ...any },
  { name: 'AllowVnetOutBound', priority: 65_000, access: 'Allow', ...outbound, ...withinNetwork },
  { name: 'AllowInternetOutBound', priority: 65_001, access: 'Allow', ...outbound, ...toInternet },
  { name: 'DenyAllOutBound', priority: 65_500, access: 'Deny', ...outbound, ...any },
];

/** A network whose subnet has a security group, a route table and a NAT gateway, peered with another network. */
async function putEverything(client: Client): Promise<void> {
  const id = `/subscriptions/${client.identity.subscriptionId}${provider}`;
  await put(client, `${provider}/networkSecurityGroups/nsg`, {
    properties: { flushConnection: true, securityRules: [{ name: 'vault', properties: rule }] },
  });
  await put(client, `${provider}/networkSecurityGroups/unused`, {});
  await put(client, `${provider}/routeTables/table`, {
    properties: {
      routes: [
        { name: 'dropped', properties: { addressPrefix: '0.0.0.0/0', nextHopType: 'None' } },
        {
          name: 'through',
          properties: {
            addressPrefix: '10.9.0.0/16',
            nextHopType: 'VirtualAppliance',
            nextHopIpAddress: '10.0.0.9',
          },
        },
      ],
    },
  });
  const standard = { sku: { name: 'Standard' }, properties: { publicIPAllocationMethod: 'Static' } };
  await put(client, `${provider}/publicIPAddresses/ip`, standard);
  await put(client, `${provider}/natGateways/nat`, {
    properties: { publicIpAddresses: [{ id: `${id}/publicIPAddresses/ip` }] },
  });
  const locked = {
    addressPrefix: '10.0.0.0/24',
    ...endpoint,
    defaultOutboundAccess: false,
    networkSecurityGroup: { id: `${id}/networkSecurityGroups/NSG` },
    routeTable: { id: `${id}/routeTables/table` },
    natGateway: { id: `${id}/natGateways/nat` },
  };
  await put(client, `${networks}/one`, {
    properties: {
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
      subnets: [
        { name: 'locked', properties: locked },
        { name: 'plain', properties: { addressPrefix: '10.0.1.0/24' } },
      ],
    },
  });
  await put(client, `${networks}/two`, {
    properties: {
      addressSpace: { addressPrefixes: ['10.2.0.0/16'] },
      dhcpOptions: { dnsServers: ['10.2.0.4'] },
      encryption: { enabled: true, enforcement: 'DropUnencrypted' },
    },
  });
  await put(client, `${networks}/one/virtualNetworkPeerings/to-two`, {
    properties: { remoteVirtualNetwork: { id: `${id}/virtualNetworks/two` }, allowForwardedTraffic: true },
  });
}

test('the state has the networks, and the rules and routes that their subnets refer to', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const id = `/subscriptions/${client.identity.subscriptionId}${provider}`;
  await putEverything(client);
  const guidOf = async (name: string) =>
    at((await client.arm('GET', `${networks}/${name}`)).body, 'properties', 'resourceGuid');
  const address = (await client.arm('GET', `${provider}/publicIPAddresses/ip`)).body;
  const found = await stateOf(world);
  assert.match(String(found['version']), /^[\w-]{43}$/);
  assert.deepEqual(found, {
    version: found['version'],
    publicAddressPool: '198.51.100.0/24',
    virtualNetworks: [
      {
        id: `${id}/virtualNetworks/one`,
        name: 'one',
        resourceGuid: await guidOf('one'),
        addressPrefixes: ['10.0.0.0/16'],
        dnsServers: [],
        dropUnencrypted: false,
        subnets: [
          {
            id: `${id}/virtualNetworks/one/subnets/locked`,
            name: 'locked',
            incarnation: await incarnationOf(client, 'one', 'locked'),
            addressPrefix: '10.0.0.0/24',
            serviceEndpoint: true,
            publicAddresses: [at(address, 'properties', 'ipAddress')],
            defaultOutboundAccess: false,
            securityGroup: `${id}/networkSecurityGroups/nsg`,
            routeTable: `${id}/routeTables/table`,
          },
          {
            id: `${id}/virtualNetworks/one/subnets/plain`,
            name: 'plain',
            incarnation: await incarnationOf(client, 'one', 'plain'),
            addressPrefix: '10.0.1.0/24',
            serviceEndpoint: false,
            publicAddresses: [],
            defaultOutboundAccess: true,
            securityGroup: null,
            routeTable: null,
          },
        ],
        peerings: [
          {
            name: 'to-two',
            remote: `${id}/virtualNetworks/two`,
            remoteGuid: await guidOf('two'),
            state: 'Initiated',
            allowVirtualNetworkAccess: true,
            allowForwardedTraffic: true,
          },
        ],
      },
      {
        id: `${id}/virtualNetworks/two`,
        name: 'two',
        resourceGuid: await guidOf('two'),
        addressPrefixes: ['10.2.0.0/16'],
        dnsServers: ['10.2.0.4'],
        dropUnencrypted: true,
        subnets: [],
        peerings: [],
      },
    ],
    securityGroups: [
      {
        id: `${id}/networkSecurityGroups/nsg`,
        rules: [
          {
            name: 'vault',
            priority: 100,
            direction: 'Outbound',
            access: 'Allow',
            protocol: 'Tcp',
            sourcePrefixes: ['VirtualNetwork'],
            sourcePorts: ['*'],
            destinationPrefixes: ['AzureKeyVault'],
            destinationPorts: ['443', '8000-8080'],
          },
          ...defaults,
        ],
        flushConnection: true,
      },
    ],
    routeTables: [
      {
        id: `${id}/routeTables/table`,
        routes: [
          { name: 'dropped', addressPrefix: '0.0.0.0/0', nextHopType: 'None', nextHopIpAddress: null },
          {
            name: 'through',
            addressPrefix: '10.9.0.0/16',
            nextHopType: 'VirtualAppliance',
            nextHopIpAddress: '10.0.0.9',
          },
        ],
      },
    ],
  });
});

test('only a caller with a role on the subscription may read the state', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const stranger = await register(world);
  const scope = `/subscriptions/${client.identity.subscriptionId}`;
  const action = 'Postern.Fabric/networks/read';
  const refusal = [
    `The client '${stranger.objectId}' with object id '${stranger.objectId}' does not have authorization`,
    `to perform action '${action}' over scope '${scope}' or the scope is invalid.`,
    'If access was recently granted, please refresh your credentials.',
  ].join(' ');
  expectError(await ask(world, { as: stranger }), 403, 'AuthorizationFailed', refusal);
  await assign(client, { role: 'Reader', principalId: stranger.objectId, at: group });
  expectError(await ask(world, { as: stranger }), 403, 'AuthorizationFailed', refusal);
  await assign(client, { role: 'Reader', principalId: stranger.objectId });
  expectStatus(await ask(world, { as: stranger }), 200);
  const without = await client.send(`${client.home}${fabric}`);
  expectError(without, 401, 'AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.");
});

const changes: Readonly<Record<string, (client: Client) => Promise<Answered>>> = {
  'a service endpoint': (client) =>
    client.arm('PUT', `${networks}/one/subnets/plain`, { properties: { addressPrefix: '10.0.1.0/24', ...endpoint } }),
  'a rule of a security group': (client) =>
    client.arm('PUT', `${provider}/networkSecurityGroups/nsg/securityRules/two`, {
      properties: { ...rule, priority: 101 },
    }),
  'a route': (client) => client.arm('DELETE', `${provider}/routeTables/table/routes/dropped`),
  'the addresses of a NAT gateway': (client) =>
    client.arm('PUT', `${provider}/natGateways/nat`, { location, properties: {} }),
  'a new network': (client) => putNetwork(client, 'three', ['apps']),
  'a peering': (client) => client.arm('DELETE', `${networks}/one/virtualNetworkPeerings/to-two`),
  'a network that is gone': (client) => client.arm('DELETE', `${networks}/three`),
};

test('a request with the present version is answered when something changes, and not before', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  await putEverything(client);
  let version = await versionOf(world);
  for (const [what, change] of Object.entries(changes)) {
    const asked = stateOf(world, { after: version });
    await waiting(world, 1);
    // Neither is in the state: another kind of resource, and a group that no subnet refers to.
    await put(client, `${group}/providers/Microsoft.Web/sites/site`, {});
    await put(client, `${provider}/networkSecurityGroups/unused`, { tags: { what } });
    await waiting(world, 1);
    const changed = await change(client);
    assert.ok(changed.status < 300, `${what}: ${JSON.stringify(changed.body)}`);
    const next = String(at(await asked, 'version'));
    assert.notEqual(next, version, what);
    assert.equal(next, await versionOf(world), what);
    version = next;
  }
});

test('a request with another version is answered at once', async () => {
  await using world = await startWithGroup();
  const version = await versionOf(world);
  assert.equal(at(await stateOf(world, { after: 'older' }), 'version'), version);
  assert.equal(at(await stateOf(world, { after: '' }), 'version'), version);
  assert.equal(world.server.networkWatch.waiting, 0);
});

test('a version means the same after the server was started again', async () => {
  const data = mkdtempSync(join(tmpdir(), 'postern-fabric-'));
  try {
    let before: string;
    {
      await using world = await startServerWith({ data });
      await put(world.client, group, {});
      await putEverything(world.client);
      before = await versionOf(world);
    }
    await using world = await startServerWith({ data });
    assert.equal(await versionOf(world), before);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});

test('a caller without the role any more is refused when the wait ends', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const reader = await register(world);
  const assignment = await assign(client, { role: 'Reader', principalId: reader.objectId });
  const asked = ask(world, { after: await versionOf(world), as: reader });
  await waiting(world, 1);
  expectStatus(await client.arm('DELETE', assignment), 200);
  expectStatus(await putNetwork(client, 'net', ['apps']), 201);
  const { status, body } = await asked;
  assert.deepEqual([status, at(body, 'error', 'code')], [403, 'AuthorizationFailed']);
});

test('a request whose client goes away waits no longer', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const agent = new Agent({ keepAlive: true });
  const asked = ask(world, { after: await versionOf(world), agent });
  await waiting(world, 1);
  agent.destroy();
  await assert.rejects(asked, { code: 'ECONNRESET' });
  await waiting(world, 0);
  expectStatus(await putNetwork(client, 'net', ['apps']), 201);
});

test('of one caller eight requests may wait, and another caller may too', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const reader = await register(world);
  await assign(client, { role: 'Reader', principalId: reader.objectId });
  const after = await versionOf(world);
  const waits = Array.from({ length: 8 }, () => ask(world, { after }));
  await waiting(world, 8);
  const message =
    "8 requests of this caller wait for a change of the networks already, and no more may. End one of them, or ask without 'after'.";
  expectError(await ask(world, { after }), 429, 'TooManyRequests', message);
  expectStatus(await ask(world), 200);
  waits.push(ask(world, { after, as: reader }));
  await waiting(world, 9);
  expectStatus(await putNetwork(client, 'net', ['apps']), 201);
  for (const asked of waits) assert.notEqual(at(expectStatus(await asked, 200).body, 'version'), after);
});

test('a server that stops answers the requests that wait', async () => {
  const world = await startWithGroup();
  try {
    const after = await versionOf(world);
    const asked = stateOf(world, { after });
    await waiting(world, 1);
    const cutOff = world.server.drain({ quiet: 0, most: 10_000 });
    assert.equal(at(await asked, 'version'), after);
    assert.equal(await cutOff, 0);
  } finally {
    await world[Symbol.asyncDispose]();
  }
});

test('a server that is closed does not wait for the requests that do', async () => {
  const world = await startWithGroup();
  const asked = assert.rejects(ask(world, { after: await versionOf(world) }), { code: 'ECONNRESET' });
  await waiting(world, 1);
  await world[Symbol.asyncDispose]();
  await asked;
});

test('a wait without a change is over when its time is up', async () => {
  const watch = new NetworkWatch();
  const options = { caller: 'a', socket: undefined, waitMs: 1 };
  assert.equal(await watch.after(0, options), 'over');
  assert.equal(watch.waiting, 0);
  watch.committed(['vault-resource/v', 'resource/s/g/microsoft.web/sites/microsoft.network']);
  assert.equal(await watch.after(0, options), 'over');
  watch.committed(['vault-resource/v', 'virtual-network/s/g/n']);
  assert.equal(await watch.after(0, options), 'changed');
  assert.equal(await watch.after(1, options), 'over');
});

test('sixty-four requests may wait in all', async () => {
  const watch = new NetworkWatch();
  const wait = (caller: string) => watch.after(0, { caller, socket: undefined, waitMs: 60_000 });
  const waits = Array.from({ length: 64 }, async (_, index) => wait(`caller ${index % 8}`));
  assert.deepEqual(wait('another'), { waiting: 64, whose: 'server' });
  watch.end();
  assert.deepEqual(
    await Promise.all(waits),
    Array.from({ length: 64 }, () => 'over'),
  );
  assert.equal(await wait('another'), 'over');
});

test("the fabric's own reader reads the networks and nothing else, and changes nothing", async () => {
  await using world = await startWithGroup();
  const { client, folder } = world;
  const { reader } = folder;
  await putEverything(client);
  assert.deepEqual(await stateOf(world, { as: reader }), await stateOf(world));
  const token = await client.token('arm', reader);
  const requests = [
    ['GET', networks],
    ['GET', `${networks}/one`],
    ['GET', group],
    ['GET', `${group}/providers/Microsoft.KeyVault/vaults`],
    ['GET', '/providers/Microsoft.Authorization/roleAssignments'],
    ['PUT', `${networks}/net`],
    ['DELETE', `${networks}/one/subnets/plain`],
    ['POST', `${group}/providers/Microsoft.Storage/storageAccounts/account/listKeys`],
  ] as const;
  for (const [method, path] of requests) {
    const answered = await client.arm(method, path, {}, { token });
    assert.deepEqual([answered.status, at(answered.body, 'error', 'code')], [403, 'AuthorizationFailed'], path);
  }
  const directory = await client.token('https://graph.microsoft.com', reader);
  for (const collection of ['users', 'servicePrincipals', 'applications', 'groups']) {
    const { status, body } = await client.send(`${client.home}/v1.0/${collection}`, { token: directory });
    const { code, message } = Object(at(body, 'error')) as Record<string, unknown>;
    assert.deepEqual([status, code], [403, 'Authorization_RequestDenied'], collection);
    assert.match(String(message), /reads the virtual networks, and nothing of the directory/);
  }
  const vaults = { 'kv-policies': ['Forbidden', 'AccessDenied'], 'kv-roles': ['Forbidden', 'ForbiddenByRbac'] };
  for (const [name, expected] of Object.entries(vaults)) {
    expectStatus(await putVault(client, name, { enableRbacAuthorization: name === 'kv-roles' }), 200);
    const answered = await client.vault(name, 'GET', '/secrets/s', { token: await client.token('vault', reader) });
    const error = at(answered.body, 'error');
    assert.deepEqual([answered.status, at(error, 'code'), at(error, 'innererror', 'code')], [403, ...expected]);
  }
});

test("the fabric's reader of an earlier version loses the role Reader, and keeps what an administrator gave it", async () => {
  const data = mkdtempSync(join(tmpdir(), 'postern-reader-'));
  try {
    let principalId: string;
    {
      await using world = await startServerWith({ data });
      const { client, folder } = world;
      expectStatus(await client.arm('PUT', group, { location }), 201);
      const { tenantId, subscriptionId } = client.identity;
      principalId = (await findClient(folder.store, tenantId, folder.reader.clientId))?.objectId ?? '';
      const [first] =
        (await readAuthorization(folder.store, subscriptionId))?.assignments.filter(
          (one) => one.principalId === principalId,
        ) ?? [];
      assert.ok(first);
      // As that version made it; and one by the administrator, of the same role.
      const old = roleAtStart(subscriptionId, { role: 'reader', principalId, name: first.name, now: world.now() });
      await folder.store.transact({ put: old });
      await assign(client, { role: 'Reader', principalId, at: group });
    }
    await using world = await startServerWith({ data });
    const authorization = await readAuthorization(world.folder.store, world.client.identity.subscriptionId);
    assert.ok(authorization);
    const { roles, assignments } = authorization;
    const given = assignments.filter((one) => one.principalId === principalId);
    const names = given.map(({ role, scope }) => `${roles.get(role)?.roleName} on ${scope.split('/').at(-1)}`);
    const own = `Postern Network Reader on ${world.client.identity.subscriptionId}`;
    assert.deepEqual(new Set(names), new Set([own, `Reader on ${group.split('/').at(-1)}`]));
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});

test("the fabric's reader stays the same, and stays deleted", async () => {
  const data = mkdtempSync(join(tmpdir(), 'postern-reader-'));
  try {
    let before: Credentials;
    {
      await using world = await startServerWith({ data });
      before = world.folder.reader;
      expectStatus(await ask(world, { as: before }), 200);
    }
    await using world = await startServerWith({ data });
    const { client, folder } = world;
    assert.deepEqual(folder.reader, before);
    const assignments = '/providers/Microsoft.Authorization/roleAssignments';
    const objectId = (await findClient(folder.store, client.identity.tenantId, before.clientId))?.objectId ?? '';
    const listed = await client.arm('GET', `${assignments}?$filter=principalId%20eq%20'${objectId}'`);
    const [name] = namesIn(listed.body);
    expectStatus(await client.arm('DELETE', `${assignments}/${name}`), 200);
    expectStatus(await ask(world, { as: before }), 403);
    await deleteClient(folder.store, { tenantId: client.identity.tenantId, clientId: before.clientId });
    await openReader(folder.store, client.identity, world.now());
    assert.equal(await findClient(folder.store, client.identity.tenantId, before.clientId), undefined);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
