/**
 * Every operation of a vault for a caller of each trusted service, from an address that is in no rule: it passes the firewall
 * for its scenario, and for nothing else. All callers have all permissions, so that only the firewall can refuse.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import { after, before, suite, test } from 'node:test';
import { operations } from '../../src/data-plane/operations.ts';
import { headerBinding, putResourceBinding } from '../../src/directory/bindings.ts';
import { trustFor } from '../../src/firewall/trust.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { certificateRows } from './rows/certificates.ts';
import { keyRows } from './rows/keys.ts';
import type { Row } from './rows/row.ts';
import { secretRows } from './rows/secrets.ts';
import { acls, location, networks, ok, putVault, register } from './vaults.ts';

const requests: Readonly<Record<string, Row>> = { ...secretRows, ...keyRows, ...certificateRows };

const secretGet = ['SecretGet', 'SecretGetDeleted'];
const secretList = ['SecretList', 'SecretListVersions', 'SecretListDeleted'];
const secretSet = ['SecretSet', 'SecretUpdate'];
const keyGet = ['KeyGet', 'KeyGetAttestation', 'KeyGetDeleted', 'GetRandomBytes'];
const keyList = ['KeyList', 'KeyListVersions', 'KeyListDeleted'];
const certificateGet = ['CertificateGet', 'CertificatePolicyGet', 'CertificateGetDeleted', 'CertificatePendingGet'];
const wrapping = [...keyGet, 'KeyWrap', 'KeyUnwrap'];
const messaging = [...wrapping, ...keyList];
const dataLake = [...wrapping, 'KeyEncrypt', 'KeyDecrypt'];
const backup = [
  ...keyGet,
  ...keyList,
  'KeyBackup',
  'KeyRestore',
  ...secretGet,
  ...secretList,
  'SecretBackup',
  'SecretRestore',
];
const volumes = [...secretGet, ...secretSet, ...wrapping];
const nothing: readonly string[] = [];

/** Applications of the services' tenant, by id. */
const applications: Readonly<Record<string, readonly string[]>> = {
  '60e6cd67-9c8c-4951-9b3c-23c25a2169af': volumes,
  '579d9c9d-4c83-4efc-8124-7eba65ed3356': volumes,
  '797f4846-ba00-4fd7-ba43-dac1f8f63013': secretGet,
  '262044b1-e2ce-469f-a196-69ab7ada62d3': backup,
  'ff281ffe-705c-4f53-9f37-a40e6f2c68f3': backup,
  '00000002-0000-0ff1-ce00-000000000000': wrapping,
  '00000003-0000-0ff1-ce00-000000000000': wrapping,
  '00000012-0000-0000-c000-000000000000': [...keyGet, 'KeyDecrypt', 'KeySign'],
  'abfa0a7c-a6b6-4736-8310-5855508787cd': [...secretGet, ...certificateGet],
  '6a02c803-dafd-4136-b4c3-5a6f318b4714': [...secretGet, ...certificateGet],
  'e9f49c6b-5ce5-44c8-925d-015017e9f7ad': dataLake,
  '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d': [...secretGet, ...secretList],
  // Azure's later list.
  'ddbf3205-c6bd-46ae-8127-60eb93363864': [...secretGet, ...secretSet, ...secretList, 'SecretDelete'],
  '205478c0-bd83-4e1b-a9d6-db63a3e1e1c8': [...secretGet, ...certificateGet],
  'c066d759-24ae-40e7-a56f-027002b5d3e4': wrapping,
  // Unknown.
  '99999999-0000-4000-8000-000000000000': nothing,
};

/** Resources with an identity of their own, by type. */
const systemAssigned: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.RecoveryServices/vaults': wrapping,
  'Microsoft.Sql/servers': wrapping,
  'Microsoft.Sql/managedInstances': wrapping,
  'Microsoft.Storage/storageAccounts': wrapping,
  'Microsoft.DataLakeStore/accounts': dataLake,
  'Microsoft.ApiManagement/service': [...secretGet, ...secretList],
  'Microsoft.DataFactory/factories': [...secretGet, ...secretList],
  'Microsoft.EventHub/namespaces': messaging,
  'Microsoft.ServiceBus/namespaces': messaging,
  'Microsoft.ImportExport/jobs': wrapping,
  'Microsoft.ContainerRegistry/registries': wrapping,
  // Azure's later list.
  'Microsoft.Search/searchServices': wrapping,
  'Microsoft.Batch/batchAccounts': wrapping,
  'Microsoft.BotService/botServices': wrapping,
  'Microsoft.DBforMySQL/servers': wrapping,
  'Microsoft.DBforMySQL/flexibleServers': wrapping,
  'Microsoft.DBforPostgreSQL/servers': wrapping,
  'Microsoft.DBforPostgreSQL/flexibleServers': wrapping,
  'Microsoft.Compute/diskEncryptionSets': wrapping,
  'Microsoft.OperationalInsights/clusters': wrapping,
  'Microsoft.NetApp/netAppAccounts': wrapping,
  'Microsoft.Synapse/workspaces': wrapping,
  'Microsoft.PowerPlatform/enterprisePolicies': wrapping,
  'Microsoft.Cdn/profiles': [...secretGet, ...certificateGet],
  'Microsoft.MachineLearningServices/workspaces': [
    ...wrapping,
    ...secretGet,
    ...secretSet,
    ...secretList,
    'SecretDelete',
  ],
  'Microsoft.AgFoodPlatform/farmBeats': secretGet,
  'Microsoft.Purview/accounts': [...secretGet, ...secretList],
  // Unlisted, or by a user-assigned identity only.
  'Microsoft.Web/sites': nothing,
  'Microsoft.Compute/virtualMachines': nothing,
  'Microsoft.Network/applicationGateways': nothing,
  'Microsoft.Network/firewallPolicies': nothing,
};

/** Resources that use a user-assigned identity, by type. */
const userAssigned: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.Network/applicationGateways': secretGet,
  'Microsoft.Network/expressRoutePorts': secretGet,
  'Microsoft.Network/firewallPolicies': secretGet,
  'Microsoft.Storage/storageAccounts': wrapping,
  'Microsoft.EventHub/namespaces': messaging,
  'Microsoft.DataFactory/factories': [...secretGet, ...secretList],
  // By their own identity only.
  'Microsoft.ApiManagement/service': nothing,
  'Microsoft.ImportExport/jobs': nothing,
  'Microsoft.RecoveryServices/vaults': nothing,
  'Microsoft.Compute/virtualMachines': nothing,
};

const group = '/resourceGroups/services';
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

interface Known {
  readonly token: string;
  readonly objectId: string;
}

let world: TestServer;
const known = new Map<string, Known>();

before(async () => {
  world = await startServerWith({ config: { trustedServices: { list: 'current' } } });
  await ok(world.client.arm('PUT', group, { location }), 201);
  for (const [clientId, name] of Object.keys(applications).map((id) => [id, `application ${id}`] as const)) {
    const application = await register(world, { tenantId: servicesTenant, clientId });
    known.set(name, { token: await world.client.token('vault', application), objectId: application.objectId });
  }
  for (const type of Object.keys(systemAssigned)) known.set(`system-assigned ${type}`, await identityOf(type, 'own'));
  for (const type of Object.keys(userAssigned)) known.set(`user-assigned ${type}`, await identityOf(type, 'used'));
  const all = ['all'];
  const policies = [...known.values()].map(({ objectId }) => ({
    objectId,
    secrets: all,
    keys: all,
    certificates: all,
  }));
  const switches = { enabledForDeployment: true, enabledForDiskEncryption: true, enabledForTemplateDeployment: true };
  await putVault(world.client, 'kv-bypass', { networkAcls: acls.denyBypass, policies, ...switches });
  const { enabledForDiskEncryption: _, ...allowedWithNone } = switches;
  await putVault(world.client, 'kv-none', { networkAcls: acls.deny, policies, ...allowedWithNone });
});
after(async () => {
  agent.destroy();
  await world[Symbol.asyncDispose]();
});

/** The workload of a new resource of the type, with an identity of its own or one that it uses. */
async function identityOf(type: string, kind: 'own' | 'used'): Promise<Known> {
  const { client, folder } = world;
  const name = `r${randomUUID().slice(0, 8)}`;
  const identities = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  const used = kind === 'used' ? await ok(client.arm('PUT', identities, { location }), 201) : undefined;
  const identity =
    used === undefined
      ? { type: 'SystemAssigned' }
      : { type: 'UserAssigned', userAssignedIdentities: { [String(used['id'])]: {} } };
  const answer = await client.arm('PUT', `${group}/providers/${type}/${name}`, { location, identity, properties: {} });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  const header = `header-${randomUUID()}`;
  const binding = putResourceBinding(headerBinding(header), String(answer.body['id']));
  await folder.store.transact({ put: [binding] });
  const ids = used === undefined ? answer.body['identity'] : used['properties'];
  const query = new URLSearchParams({ 'api-version': '2019-08-01', resource: 'https://vault.azure.net' });
  if (used !== undefined) query.set('client_id', String(ids?.['clientId']));
  const url = `${client.home}/msi/token?${query.toString()}`;
  const { access_token: token } = await ok(client.send(url, { headers: { 'x-identity-header': header } }));
  return { token: String(token), objectId: String(ids?.['principalId']) };
}

/** The operations, of these, that the vault's firewall does not refuse. */
async function passed(caller: string, vault: string, asked: readonly string[]): Promise<readonly string[]> {
  const { token = '' } = known.get(caller) ?? {};
  const answers = await Promise.all(
    asked.map(async (name) => {
      const [method, path] = requests[name]?.request ?? ['', ''];
      const { status, body } = await world.client.vault(vault, method, path, { token, from: networks.refused, agent });
      assert.notEqual(status, 401, `${name}: ${JSON.stringify(body)}`);
      const isRefused = body?.['error']?.['innererror']?.['code'] === 'ForbiddenByFirewall';
      return isRefused ? [] : [name];
    }),
  );
  return answers.flat().toSorted();
}

const every = operations.map(({ name }) => name);

for (const [kind, table] of Object.entries({
  application: applications,
  'system-assigned': systemAssigned,
  'user-assigned': userAssigned,
})) {
  suite(kind, () => {
    for (const [who, expected] of Object.entries(table)) {
      test(`${who}: ${expected.join(', ') || 'nothing'}`, async () => {
        const caller = `${kind} ${who}`;
        assert.deepEqual(await passed(caller, 'kv-bypass', every), [...expected].toSorted());
        assert.deepEqual(await passed(caller, 'kv-none', expected), []);
      });
    }
  });
}

test('there is a caller of every kind of each service', () => {
  const lower = (table: Readonly<Record<string, readonly string[]>>) =>
    new Set(Object.keys(table).map((name) => name.toLowerCase()));
  const [own, used, byId] = [lower(systemAssigned), lower(userAssigned), lower(applications)];
  for (const { name, callers } of trustFor('current', 'scenario').services) {
    for (const caller of callers) {
      const [ids, listed] =
        'applicationIds' in caller
          ? [caller.applicationIds, byId]
          : [caller.resourceTypes, caller.identity === 'userAssigned' ? used : own];
      for (const id of ids) assert.ok(listed.has(id), `${name}: ${id}`);
    }
  }
});
