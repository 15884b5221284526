import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { operations } from '../../src/control-plane/operations.ts';
import { routerOf } from '../../src/control-plane/request.ts';
import { idSegments } from '../../src/resources/keys.ts';
import { register } from '../data-plane/vaults.ts';
import type { Registered } from '../data-plane/vaults.ts';
import { roleDefinitionId } from '../world/assign.ts';
import type { Answered, Client, Json } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import { bodyWith } from './deployments.ts';
import {
  activityLog,
  at,
  auditLog,
  followed,
  location,
  putNetwork,
  startWithGroup,
  subnetId,
  vaultBody,
} from './resources.ts';

const group = '/resourceGroups/rg';
const network = `${group}/providers/Microsoft.Network`;
const net = `${network}/virtualNetworks/net`;
const kv = `${group}/providers/Microsoft.KeyVault/vaults/kv-act`;
const nsg = `${network}/networkSecurityGroups/nsg`;
const table = `${network}/routeTables/table`;
const policy = `${network}/serviceEndpointPolicies/sep`;
const definitions = 'serviceEndpointPolicyDefinitions';
const account = `${group}/providers/Microsoft.Storage/storageAccounts/logs`;
const workspace = `${group}/providers/Microsoft.OperationalInsights/workspaces/w`;
const authorization = '/providers/Microsoft.Authorization';
const [assigned, defined] = [randomUUID(), randomUUID()];
const deployment = '/providers/Microsoft.Resources/deployments/one';
const tags = { properties: { tags: { a: 'b' } } };
const someNetwork = (second: number) => ({
  location,
  properties: { addressSpace: { addressPrefixes: [`10.${second}.0.0/16`] } },
});
const rule = {
  protocol: 'Tcp',
  sourcePortRange: '*',
  destinationPortRange: '443',
  sourceAddressPrefix: '*',
  destinationAddressPrefix: '*',
  access: 'Allow',
  priority: 100,
  direction: 'Inbound',
};

interface Step {
  readonly method: string;
  /** The path below the subscription. */
  readonly path: string;
  readonly body?: unknown;
  readonly action: string;
  /** The resource id, if it is not the path. */
  readonly resource?: string;
  /** `refused`: the operation is not supported here. */
  readonly outcome?: 'refused';
}

const step = (method: string, path: string, action: string, others: Partial<Step> = {}): Step => ({
  method,
  path,
  action: `Microsoft.${action}`,
  ...others,
});

/** Every operation that would change something, in an order in which each succeeds. */
function steps(client: Client, connection: string): readonly Step[] {
  const ofSubscription = `/subscriptions/${client.identity.subscriptionId}`;
  const groups = 'Resources/subscriptions/resourceGroups';
  const objectId = randomUUID();
  const { tenantId } = client.identity;
  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['get'] } }];
  const storageAccountId = `${ofSubscription}${account}`;
  const setting = { properties: { storageAccountId, logs: [{ category: 'AuditEvent', enabled: true }] } };
  const settings = `${kv}/providers/Microsoft.Insights/diagnosticSettings/s`;
  const lock = `${net}${authorization}/locks/keep`;
  const assignment = { roleDefinitionId: roleDefinitionId('Reader'), principalId: objectId };
  const role = { roleName: 'R', assignableScopes: [ofSubscription], permissions: [{ actions: ['*/read'] }] };
  const deletedVault = `/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/kv-act`;
  const subnets = 'Network/virtualNetworks/subnets';
  const peerings = 'Network/virtualNetworks/virtualNetworkPeerings';
  const peering = { properties: { remoteVirtualNetwork: { id: `${ofSubscription}${network}/virtualNetworks/peer` } } };
  const connections = 'KeyVault/vaults/privateEndpointConnections';
  const state = { privateLinkServiceConnectionState: { status: 'Rejected', description: 'no' } };
  const allTags = [`${kv}/providers/Microsoft.Resources/tags/default`, '/providers/Microsoft.Resources/tags/default'];
  return [
    step('PUT', group, `${groups}/write`, { body: { location } }),
    step('PATCH', group, `${groups}/write`, { body: { tags: { a: 'b' } } }),
    step('PUT', net, 'Network/virtualNetworks/write', { body: someNetwork(0) }),
    step('PATCH', net, 'Network/virtualNetworks/write', { body: { tags: { a: 'b' } } }),
    step('PUT', `${net}/subnets/apps`, `${subnets}/write`, { body: { properties: { addressPrefix: '10.0.0.0/24' } } }),
    step('PUT', `${net}/subnets/more`, `${subnets}/write`, { body: { properties: { addressPrefix: '10.0.1.0/24' } } }),
    step('DELETE', `${net}/subnets/more`, `${subnets}/delete`),
    step('POST', `${net}/issueGatewayCertificate`, 'Network/virtualNetworks/issueGatewayCertificate/action', {
      outcome: 'refused',
      resource: net,
    }),
    step('PUT', `${network}/virtualNetworks/peer`, 'Network/virtualNetworks/write', { body: someNetwork(1) }),
    step('PUT', `${net}/virtualNetworkPeerings/p`, `${peerings}/write`, { body: peering }),
    step('DELETE', `${net}/virtualNetworkPeerings/p`, `${peerings}/delete`),
    step('DELETE', `${network}/virtualNetworks/peer`, 'Network/virtualNetworks/delete'),
    step('PUT', kv, 'KeyVault/vaults/write', { body: vaultBody(client) }),
    step('PATCH', kv, 'KeyVault/vaults/write', { body: { tags: { a: 'b' } } }),
    step('PUT', `${kv}/accessPolicies/add`, 'KeyVault/vaults/accessPolicies/write', {
      body: { properties: { accessPolicies } },
    }),
    step('PUT', `${kv}/secrets/s`, 'KeyVault/vaults/secrets/write', { body: { properties: { value: 'v' } } }),
    step('PATCH', `${kv}/secrets/s`, 'KeyVault/vaults/secrets/write', { body: { tags: { a: 'b' } } }),
    step('PUT', `${kv}/keys/k`, 'KeyVault/vaults/keys/write', { body: { properties: { kty: 'EC' } } }),
    step('PUT', settings, 'Insights/diagnosticSettings/write', { body: setting }),
    step('DELETE', settings, 'Insights/diagnosticSettings/delete'),
    step('PUT', connection, `${connections}/write`, { body: { properties: state } }),
    step('DELETE', connection, `${connections}/delete`),
    step('PUT', nsg, 'Network/networkSecurityGroups/write', { body: { location } }),
    step('PATCH', nsg, 'Network/networkSecurityGroups/write', { body: { tags: { a: 'b' } } }),
    step('PUT', `${nsg}/securityRules/r`, 'Network/networkSecurityGroups/securityRules/write', {
      body: { properties: rule },
    }),
    step('DELETE', `${nsg}/securityRules/r`, 'Network/networkSecurityGroups/securityRules/delete'),
    step('DELETE', nsg, 'Network/networkSecurityGroups/delete'),
    step('PUT', table, 'Network/routeTables/write', { body: { location } }),
    step('PUT', `${table}/routes/r`, 'Network/routeTables/routes/write', {
      body: { properties: { addressPrefix: '10.9.0.0/16', nextHopType: 'None' } },
    }),
    step('DELETE', `${table}/routes/r`, 'Network/routeTables/routes/delete'),
    step('PUT', policy, 'Network/serviceEndpointPolicies/write', { body: { location } }),
    step('PUT', `${policy}/${definitions}/d`, `Network/serviceEndpointPolicies/${definitions}/write`, {
      body: { properties: { service: 'Microsoft.Storage' } },
    }),
    step('DELETE', `${policy}/${definitions}/d`, `Network/serviceEndpointPolicies/${definitions}/delete`),
    step('PUT', `${kv}${authorization}/roleAssignments/${assigned}`, 'Authorization/roleAssignments/write', {
      body: { properties: assignment },
    }),
    step('DELETE', `${kv}${authorization}/roleAssignments/${assigned}`, 'Authorization/roleAssignments/delete'),
    step('PUT', `${authorization}/roleDefinitions/${defined}`, 'Authorization/roleDefinitions/write', {
      body: { properties: role },
    }),
    step('DELETE', `${authorization}/roleDefinitions/${defined}`, 'Authorization/roleDefinitions/delete'),
    step('PUT', lock, 'Authorization/locks/write', { body: { properties: { level: 'CanNotDelete' } } }),
    step('DELETE', lock, 'Authorization/locks/delete'),
    ...allTags.flatMap((path) => [
      step('PUT', path, 'Resources/tags/write', { body: tags }),
      step('PATCH', path, 'Resources/tags/write', { body: { operation: 'Merge', ...tags } }),
      step('DELETE', path, 'Resources/tags/delete'),
    ]),
    ...['/tagNames/t', '/tagNames/t/tagValues/v'].flatMap((path) => [
      step('PUT', path, `Resources/subscriptions/tagNames/${path.includes('V') ? 'tagValues/' : ''}write`, {
        outcome: 'refused',
      }),
      step('DELETE', path, `Resources/subscriptions/tagNames/${path.includes('V') ? 'tagValues/' : ''}delete`, {
        outcome: 'refused',
      }),
    ]),
    ...[group, ''].flatMap((scope) => {
      const path = `${scope}${deployment}`;
      const schema = 'https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#';
      const body = scope === '' ? { ...bodyWith({ $schema: schema }), location } : bodyWith({});
      const action = (name: string, others: Partial<Step>) =>
        step('POST', `${path}/${name}`, `Resources/deployments/${name}/action`, { resource: path, ...others });
      return [
        action('validate', { body }),
        action('whatIf', { body }),
        step('PUT', path, 'Resources/deployments/write', { body }),
        action('cancel', { outcome: 'refused' }),
        action('exportTemplate', {}),
        step('DELETE', path, 'Resources/deployments/delete'),
      ];
    }),
    step('POST', `${group}/exportTemplate`, `${groups}/exportTemplate/action`, { resource: group, body: {} }),
    ...['moveResources', 'validateMoveResources'].map((name) =>
      step('POST', `${group}/${name}`, `${groups}/${name}/action`, { resource: group, body: {}, outcome: 'refused' }),
    ),
    step('PUT', account, 'Storage/storageAccounts/write', {
      body: { location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } },
    }),
    step('POST', `${account}/listKeys`, 'Storage/storageAccounts/listKeys/action', { resource: account }),
    ...['blob', 'file', 'queue', 'table'].map((service) =>
      step('PUT', `${account}/${service}Services/default`, `Storage/storageAccounts/${service}Services/write`, {
        body: { properties: {} },
      }),
    ),
    step('PUT', workspace, 'OperationalInsights/workspaces/write', { body: { location } }),
    step('POST', `${workspace}/sharedKeys`, 'OperationalInsights/workspaces/sharedKeys/action', {
      resource: workspace,
    }),
    step('POST', '/providers/Microsoft.KeyVault/register', 'Resources/subscriptions/providers/register/action', {
      resource: '/providers/Microsoft.KeyVault',
    }),
    step('DELETE', kv, 'KeyVault/vaults/delete'),
    step('POST', `${deletedVault}/purge`, 'KeyVault/locations/deletedVaults/purge/action', { resource: deletedVault }),
    step('DELETE', net, 'Network/virtualNetworks/delete'),
    step('DELETE', group, `${groups}/delete`),
  ];
}

let world: TestServer;
let stranger: Registered;
before(async () => {
  world = await startWithGroup();
  stranger = await register(world);
});
after(() => world[Symbol.asyncDispose]());

/**
 * The `Administrative` records of one request, only those about the resource `id` if it is given, once there are
 * `count`.
 */
async function recordsOf(
  { headers }: Answered,
  { count = 1, id }: { readonly count?: number; readonly id?: string } = {},
): Promise<readonly Json[]> {
  const correlationId = headers['x-ms-request-id'];
  for (let waitedMs = 0; ; waitedMs += 20) {
    const found = activityLog(world)
      .filter((record) => record['correlationId'] === correlationId)
      .filter(({ resourceId }) => id === undefined || resourceId === id.toUpperCase());
    if (found.length >= count || waitedMs > 10_000) return found;
    await sleep(20);
  }
}

async function expectRecord(answered: Answered, { method, path, action, resource = path }: Step): Promise<Json> {
  const { subscriptionId, tenantId } = world.client.identity;
  const id = `/subscriptions/${subscriptionId}${resource}`;
  // The resources of a group are deleted with it, each with a record under its own id.
  const records = await recordsOf(answered, { id });
  const [record] = records;
  assert.ok(record !== undefined && records.length === 1, `${method} ${path} has ${records.length} records`);
  assert.equal(record['operationName'], action.toUpperCase());
  assert.equal(record['resourceId'], id.toUpperCase());
  assert.equal(at(record, 'identity', 'authorization', 'action'), action);
  assert.equal(at(record, 'identity', 'authorization', 'scope'), id);
  assert.equal(at(record, 'properties', 'entity'), id);
  assert.equal(at(record, 'properties', 'message'), action);
  assert.equal(at(record, 'properties', 'hierarchy'), `${tenantId}/${subscriptionId}`);
  assert.equal(at(record, 'properties', 'httpStatusCode'), answered.status);
  return record;
}

/** A private endpoint on the vault, and the path of its connection. */
async function connect(client: Client): Promise<string> {
  const properties = {
    privateLinkServiceId: `/subscriptions/${client.identity.subscriptionId}${kv}`,
    groupIds: ['vault'],
  };
  const body = {
    location,
    properties: {
      subnet: { id: subnetId(client, 'pe-net', 'apps') },
      privateLinkServiceConnections: [{ name: 'kv', properties }],
    },
  };
  await putNetwork(client, 'pe-net', ['apps']);
  const made = await client.arm('PUT', `${network}/privateEndpoints/pe`, body);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { body: listed } = await client.arm('GET', `${kv}/privateEndpointConnections`);
  return `${kv}/privateEndpointConnections/${String(at(listed, 'value', 0, 'name'))}`;
}

suite('the activity log', () => {
  test('has exactly one record of every change, and of every refused change', async () => {
    const { client } = world;
    const denied = await client.token('arm', stranger);
    const placeholder = `${kv}/privateEndpointConnections/c`;
    const seen = new Set<unknown>();
    let connection = placeholder;
    for (const one of steps(client, placeholder)) {
      if (one.path === placeholder && connection === placeholder) connection = await connect(client);
      const asked = { ...one, path: one.path.replace(placeholder, connection) };
      const { method, path, body } = asked;
      seen.add(operationOf(method, `/subscriptions/${client.identity.subscriptionId}${path}`));
      const refused = await client.arm(method, path, body, { token: denied, from: '127.0.0.9' });
      assert.equal(refused.status, 403, `${method} ${path}: ${JSON.stringify(refused.body)}`);
      const ofRefusal = await expectRecord(refused, asked);
      assert.deepEqual(
        ['resultType', 'resultSignature', 'level', 'callerIpAddress'].map((name) => ofRefusal[name]),
        ['Failure', 'Failed.Forbidden', 'Error', '203.0.113.9'],
      );
      assert.match(String(ofRefusal['resultDescription']), /does not have authorization to perform action/);
      assert.equal(at(ofRefusal, 'identity', 'authorization', 'evidence'), undefined);

      const done = await client.arm(method, path, body);
      const record = await expectRecord(done, asked);
      if (one.outcome === 'refused') {
        assert.ok(done.status >= 400, `${method} ${path}: ${done.status}`);
        assert.equal(record['resultType'], 'Failure');
      } else {
        assert.ok(done.status < 300, `${method} ${path}: ${JSON.stringify(done.body)}`);
        assert.match(
          `${String(record['resultType'])} ${String(record['resultSignature'])}`,
          /^(Success Succeeded|Accept Accepted)\.\w+$/,
        );
        assert.equal(at(record, 'identity', 'authorization', 'evidence', 'role'), 'Owner');
      }
      if (done.headers['azure-asyncoperation'] !== undefined) await followed(client, done);
    }
    const changing = operations.filter(
      ({ method, action }) => method !== 'GET' && method !== 'HEAD' && !action.endsWith('/read'),
    );
    const missed = changing.filter((operation) => !seen.has(`${operation.method} ${operation.path}`));
    assert.deepEqual(
      missed.map(({ method, path }) => `${method} ${path}`),
      [],
      'an operation that changes something has no row here',
    );
  });

  test("has records in Azure's form", async () => {
    const { client } = world;
    const { tenantId, subscriptionId, objectId, clientId } = client.identity;
    const answered = await client.arm('PUT', '/resourceGroups/form', { location });
    const [record] = await recordsOf(answered);
    assert.ok(record !== undefined);
    const { time, durationMs, identity, properties, ...others } = membersOf(record);
    const id = `/subscriptions/${subscriptionId}/resourceGroups/form`;
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
    assert.match(String(durationMs), /^\d+$/);
    assert.deepEqual(others, {
      resourceId: id.toUpperCase(),
      category: 'Administrative',
      operationName: 'MICROSOFT.RESOURCES/SUBSCRIPTIONS/RESOURCEGROUPS/WRITE',
      operationVersion: '2023-07-01',
      resultType: 'Success',
      resultSignature: 'Succeeded.Created',
      callerIpAddress: '203.0.113.1',
      correlationId: answered.headers['x-ms-request-id'],
      level: 'Information',
      location: 'global',
    });
    assert.ok(identity !== undefined && properties !== undefined);
    const { roleAssignmentId, ...evidence } = membersOf(at(record, 'identity', 'authorization', 'evidence'));
    assert.match(String(roleAssignmentId), /^[0-9a-f]{32}$/);
    assert.deepEqual(evidence, {
      role: 'Owner',
      roleAssignmentScope: `/subscriptions/${subscriptionId}`,
      roleDefinitionId: '8e3af657a8ff443ca75c2fe8c4bcb635',
      principalId: objectId.replaceAll('-', ''),
      principalType: 'ServicePrincipal',
    });
    const claims = at(record, 'identity', 'claims');
    assert.equal(claims['http://schemas.microsoft.com/identity/claims/objectidentifier'], objectId);
    assert.equal(claims['http://schemas.microsoft.com/identity/claims/tenantid'], tenantId);
    assert.equal(claims['appid'], clientId);
    const { requestUri, tlsVersion, recordId, ...rest } = membersOf(at(record, 'properties'));
    assert.match(String(requestUri), /\/resourceGroups\/form\?api-version=2023-07-01$/);
    assert.equal(tlsVersion, 'TLS1_3');
    assert.match(String(recordId), /^[0-9a-f-]{36}$/, 'it is written in the transaction of the change');
    assert.deepEqual(rest, {
      httpStatusCode: 201,
      eventCategory: 'Administrative',
      entity: id,
      message: 'Microsoft.Resources/subscriptions/resourceGroups/write',
      hierarchy: `${tenantId}/${subscriptionId}`,
      statusCode: 'Created',
      serviceRequestId: answered.headers['x-ms-request-id'],
    });
  });

  test('has no record of reads, also by POST, and none of previews', async () => {
    const { client } = world;
    const check = '/providers/Microsoft.KeyVault/checkNameAvailability';
    const body = { name: 'kv-free', type: 'Microsoft.KeyVault/vaults' };
    const first = (await client.arm('PUT', '/resourceGroups/marks', { location })).headers['x-ms-request-id'];
    assert.equal((await client.arm('POST', check, body)).status, 200);
    assert.equal((await client.arm('GET', '/resourceGroups/marks')).status, 200);
    const last = await client.arm('DELETE', '/resourceGroups/marks');
    await recordsOf(last);
    const records = activityLog(world);
    const from = records.findIndex((record) => record['correlationId'] === first);
    // The groups of the earlier tests are still being deleted.
    const elsewhere = /\/resourcegroups\/(?!marks$)/i;
    const named = records
      .slice(from)
      .filter(({ resourceId }) => !elsewhere.test(String(resourceId)))
      .map((record) => record['operationName']);
    const ofGroup = 'MICROSOFT.RESOURCES/SUBSCRIPTIONS/RESOURCEGROUPS';
    assert.deepEqual(named, [`${ofGroup}/WRITE`, `${ofGroup}/DELETE`]);
  });

  test('limits the records of lists by a caller without any role, so that others have room', async () => {
    const { client } = world;
    const token = await client.token('arm', stranger);
    const own = ({ identity }: Json) => at(identity, 'claim', 'oid') === stranger.objectId;
    const listed = () =>
      auditLog(world).filter((record) => record['operationName'] === 'VaultList' && own(record)).length;
    for (let n = 0; n < 100; n += 1)
      assert.equal((await client.arm('GET', '/resources', undefined, { token })).status, 200);
    assert.ok(listed() > 0 && listed() < 80, `${listed()} records`);
  });

  test('has unauthenticated requests within their quota', async () => {
    const { client } = world;
    const answered = await client.arm('DELETE', '/resourceGroups/rg', undefined, { token: undefined });
    assert.equal(answered.status, 401);
    const [record] = await recordsOf(answered);
    assert.equal(record?.['resultSignature'], 'Failed.Unauthorized');
    assert.equal(record['identity'], undefined);
  });

  test('has a record of each resource of a deployment, with the deployment’s correlation id', async () => {
    const { client } = world;
    await client.arm('PUT', '/resourceGroups/deployed', { location });
    const path = `/resourceGroups/deployed${deployment}`;
    const resource = { type: 'Microsoft.Network/routeTables', apiVersion: '2023-11-01', name: 't', location };
    const answered = await client.arm('PUT', path, bodyWith({ resources: [{ ...resource, properties: {} }] }));
    await followed(client, answered);
    const names = new Set((await recordsOf(answered, { count: 2 })).map((record) => record['operationName']));
    assert.deepEqual(names, new Set(['MICROSOFT.RESOURCES/DEPLOYMENTS/WRITE', 'MICROSOFT.NETWORK/ROUTETABLES/WRITE']));
  });
});

function membersOf(value: Json): Readonly<Record<string, unknown>> {
  const members: unknown = value;
  assert.ok(typeof members === 'object' && members !== null);
  return Object.fromEntries(Object.entries(members));
}

const find = routerOf(operations);

/**
 * The operation of a request. Operations on any resource are compared by path, because each type makes another value.
 */
function operationOf(method: string, path: string): string {
  const found = find(method, idSegments(path));
  assert.ok(found !== undefined, `${method} ${path} is not an operation`);
  return `${method} ${found.operation.path}`;
}
