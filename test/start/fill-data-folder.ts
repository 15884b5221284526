/**
 * Fills a data folder with records of every kind that a release writes, for `older-release.test.ts`: `runtime/node
 * test/start/fill-data-folder.ts FOLDER`. Of its result, `postern.db` and `commit-mark` are kept.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { group, location, networks, putNetwork, subnetId, vaultBody, vaults } from '../control-plane/resources.ts';
import type { Answered, Client } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';

/** The master key of the folder. */
export const fixtureMasterKey = Buffer.alloc(32, 7).toString('base64');

const guid = (last: number) => `00000000-0000-4000-8000-${String(last).padStart(12, '0')}`;
const resourceOfWorkload = `/subscriptions/${guid(1)}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm`;
const config = {
  users: [{ userPrincipalName: 'ada@contoso.example', password: 'correct horse & battery', objectId: guid(2) }],
  clients: [
    {
      clientId: guid(3),
      managedIdentity: `${resourceOfWorkload}-other`,
      identityHeader: 'header-'.padEnd(40, 'x'),
    },
  ],
  workloads: [{ resourceId: resourceOfWorkload, addresses: [{ subnet: guid(4), address: '10.0.0.4' }] }],
};

/** Microsoft's id of the built-in role Reader. */
const reader = '/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7';
const providers = `${group}/providers`;
const kv = `${vaults}/kv-fixture`;

async function fillResources(client: Client): Promise<void> {
  const put = async (path: string, body: object) => done(await client.arm('PUT', path, body));
  const subscription = `/subscriptions/${client.identity.subscriptionId}`;
  await put(group, { location, tags: { a: 'b' } });
  done(await putNetwork(client, 'net', ['apps', 'more']));
  await put(`${networks}/peer`, { location, properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16'] } } });
  await put(`${networks}/net/virtualNetworkPeerings/p`, {
    properties: { remoteVirtualNetwork: { id: `${subscription}${networks}/peer` } },
  });
  await put(`${providers}/Microsoft.Network/publicIPAddresses/ip`, {
    location,
    sku: { name: 'Standard' },
    properties: { publicIPAllocationMethod: 'Static' },
  });
  await put(`${providers}/Microsoft.Storage/storageAccounts/fixtureaccount`, {
    location,
    sku: { name: 'Standard_LRS' },
    kind: 'StorageV2',
  });
  const identity = `${providers}/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
  await put(identity, { location });
  await put(`${identity}/federatedIdentityCredentials/aks`, {
    properties: {
      issuer: 'https://oidc.example/',
      subject: 'system:sa:ns:a',
      audiences: ['api://AzureADTokenExchange'],
    },
  });
  const { tenantId, objectId } = client.identity;
  const permissions = { secrets: ['all'], keys: ['all'], certificates: ['all'] };
  const accessPolicies = [{ tenantId, objectId, permissions }];
  const rules = [{ id: subnetId(client, 'net', 'apps') }];
  await put(
    kv,
    vaultBody(client, {
      accessPolicies,
      networkAcls: {
        defaultAction: 'Deny',
        bypass: 'AzureServices',
        ipRules: [{ value: '203.0.113.7' }],
        virtualNetworkRules: rules,
      },
    }),
  );
  await put(`${vaults}/kv-deleted`, vaultBody(client));
  done(await client.arm('DELETE', `${vaults}/kv-deleted`));
  await put(`${kv}/providers/Microsoft.Insights/diagnosticSettings/s`, {
    properties: {
      storageAccountId: `${subscription}${providers}/Microsoft.Storage/storageAccounts/fixtureaccount`,
      logs: [{ category: 'AuditEvent', enabled: true }],
    },
  });
  await put(`${networks}/net/providers/Microsoft.Authorization/locks/keep`, { properties: { level: 'CanNotDelete' } });
  await put(`${kv}/providers/Microsoft.Authorization/roleAssignments/${guid(5)}`, {
    properties: { roleDefinitionId: reader, principalId: guid(2) },
  });
  await put(`/providers/Microsoft.Authorization/roleDefinitions/${guid(6)}`, {
    properties: { roleName: 'R', assignableScopes: [subscription], permissions: [{ actions: ['*/read'] }] },
  });
  const template = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    resources: [
      {
        type: 'Microsoft.Network/networkSecurityGroups',
        apiVersion: '2024-05-01',
        name: 'nsg',
        location,
        properties: {},
      },
    ],
  };
  const deployment = '/providers/Microsoft.Resources/deployments/d';
  done(await client.arm('PUT', `${group}${deployment}`, { properties: { mode: 'Incremental', template } }));
  const $schema = 'https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#';
  const empty = { $schema, contentVersion: '1.0.0.0', resources: [] };
  done(await client.arm('PUT', deployment, { location, properties: { mode: 'Incremental', template: empty } }));
}

async function fillVault(client: Client): Promise<void> {
  const ask = async (method: string, path: string, body?: object) => {
    for (;;) {
      const answered = await client.vault('kv-fixture', method, path, { ...(body && { body }), from: '127.0.0.7' });
      // An object that is being deleted.
      if (answered.status !== 409) return done(answered);
      await new Promise((later) => setTimeout(later, 100));
    }
  };
  await ask('PUT', '/secrets/s', { value: 'the first' });
  await ask('PUT', '/secrets/s', { value: 'the second', contentType: 'text/plain', tags: { a: 'b' } });
  await ask('POST', '/secrets/s/backup');
  await ask('PUT', '/secrets/gone', { value: 'deleted' });
  await ask('DELETE', '/secrets/gone');
  await ask('POST', '/keys/k/create', { kty: 'EC' });
  await ask('POST', '/keys/k/rotate');
  await ask('PUT', '/keys/k/rotationpolicy', {
    lifetimeActions: [{ trigger: { timeAfterCreate: 'P300D' }, action: { type: 'Rotate' } }],
  });
  await ask('POST', '/keys/gone/create', { kty: 'EC' });
  await ask('DELETE', '/keys/gone');
  await ask('PUT', '/certificates/issuers/test', { provider: 'Test' });
  await ask('PUT', '/certificates/contacts', { contacts: [{ email: 'ada@contoso.example' }] });
  for (const [name, issuer] of [
    ['own', 'Self'],
    ['tested', 'test'],
    ['left', 'Self'],
    ['waits', 'Unknown'],
  ] as const) {
    await ask('POST', `/certificates/${name}/create`, {
      policy: {
        key_props: { exportable: true, kty: 'EC', crv: 'P-256', reuse_key: false },
        secret_props: { contentType: 'application/x-pkcs12' },
        x509_props: { subject: `CN=${name}.example`, validity_months: 12 },
        issuer: { name: issuer },
        lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'EmailContacts' } }],
      },
    });
  }
  for (const name of ['own', 'tested', 'left']) {
    for (let status = ''; status !== 'completed';) {
      status = String((await ask('GET', `/certificates/${name}/pending`)).body['status']);
    }
  }
  await ask('POST', '/certificates/own/create', {});
  for (let status = ''; status !== 'completed';) {
    status = String((await ask('GET', `/certificates/own/pending`)).body['status']);
  }
  await ask('DELETE', '/certificates/left');
}

async function fillDirectory(client: Client): Promise<void> {
  const post = async (path: string, body: object) => {
    const token = await client.token('arm');
    return String(done(await client.send(`${client.home}/v1.0${path}`, { method: 'POST', body, token })).body?.['id']);
  };
  const made = await post('/groups', {
    displayName: 'G',
    mailEnabled: false,
    mailNickname: 'g',
    securityEnabled: true,
  });
  await post(`/groups/${made}/members/$ref`, { '@odata.id': `${client.home}/v1.0/directoryObjects/${guid(2)}` });
  const gone = await post('/groups', {
    displayName: 'X',
    mailEnabled: false,
    mailNickname: 'x',
    securityEnabled: true,
  });
  const token = await client.token('arm');
  done(await client.send(`${client.home}/v1.0/groups/${gone}`, { method: 'DELETE', token }));
  const application = await post('/applications', { displayName: 'A' });
  await post(`/applications/${application}/addPassword`, { passwordCredential: { displayName: 'p' } });
}

function done(answered: Answered): Answered {
  if (answered.status < 300) return answered;
  throw new Error(`${answered.status} ${JSON.stringify(answered.body)}`);
}

const [, program = '', folder] = process.argv;
if (resolve(program) === import.meta.filename && folder !== undefined) {
  const data = resolve(folder);
  mkdirSync(data, { recursive: true });
  writeFileSync(`${data}/master.key`, fixtureMasterKey, { mode: 0o600 });
  await using world = await startServerWith({ data, config });
  await fillResources(world.client);
  await fillVault(world.client);
  await fillDirectory(world.client);
}
