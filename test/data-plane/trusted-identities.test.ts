/** Trusted services that call with the managed identity of a resource, and those that a switch of the vault holds for. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { headerBinding, putResourceBinding } from '../../src/directory/bindings.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, auditRecords, location, networks, ok, putVault, register } from './vaults.ts';
import type { Registered } from './vaults.ts';

const group = '/resourceGroups/services';
const compute = '60e6cd67-9c8c-4951-9b3c-23c25a2169af';

let world: TestServer;
before(async () => {
  world = await startServer();
  await ok(world.client.arm('PUT', group, { location }), 201);
});
after(() => world[Symbol.asyncDispose]());

interface Used {
  readonly resource: string;
  readonly principalId: string;
  /** A token of the resource's workload for vaults. */
  readonly token: (selector?: string) => Promise<string>;
}

/** A resource with an identity, and a workload of it. */
async function resourceWith(type: string, identity: object): Promise<Used> {
  const path = `${group}/providers/${type}/r${randomUUID().slice(0, 8)}`;
  const made = await ok(world.client.arm('PUT', path, { location, identity, properties: {} }), 201);
  const resource = String(made['id']);
  const header = `header-${randomUUID()}-${randomUUID()}`;
  await world.folder.store.transact({ put: [putResourceBinding(headerBinding(header), resource)] });
  return {
    resource,
    principalId: String(made['identity']?.['principalId'] ?? ''),
    async token(selector = '') {
      const query = `api-version=2019-08-01&resource=${encodeURIComponent('https://vault.azure.net')}${selector}`;
      const headers = { 'x-identity-header': header };
      const answer = await ok(world.client.send(`${world.client.home}/msi/token?${query}`, { headers }));
      return String(answer['access_token']);
    },
  };
}

async function userAssigned(): Promise<{
  readonly id: string;
  readonly principalId: string;
  readonly clientId: string;
}> {
  const path = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i${randomUUID().slice(0, 8)}`;
  const made = await ok(world.client.arm('PUT', path, { location }), 201);
  const read = (member: string) => String(made['properties']?.[member]);
  return { id: String(made['id']), principalId: read('principalId'), clientId: read('clientId') };
}

async function vaultFor(objectId: string, more: object = {}): Promise<string> {
  const name = `kv-${randomUUID().slice(0, 8)}`;
  const policies = [
    { objectId, secrets: ['all'], keys: ['all'] },
    { objectId: world.client.identity.objectId, secrets: ['all'] },
  ];
  await putVault(world.client, name, { networkAcls: acls.denyBypass, policies, ...more });
  const set = await world.client.vault(name, 'PUT', '/secrets/s', { body: { value: 'v' }, from: networks.allowed });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  return name;
}

/** The record of a change may come after that of a later request. */
function lastRecord(name: string) {
  return auditRecords(world).findLast(({ operationName }) => operationName === name);
}

async function ask(vault: string, token: string, method = 'GET', path = '/secrets/s'): Promise<string> {
  const { status, body } = await world.client.vault(vault, method, path, { token, from: networks.refused });
  const code = body['error']?.['innererror']?.['code'] ?? body['error']?.['code'];
  return code === undefined ? `${status}` : `${status} ${String(code)}`;
}

suite('a user-assigned identity is the service of the resource that uses it', () => {
  const cases = [
    { type: 'Microsoft.Network/applicationGateways', expected: '200' },
    { type: 'Microsoft.Compute/virtualMachines', expected: '403 ForbiddenByFirewall' },
    { type: 'Microsoft.ApiManagement/service', expected: '403 ForbiddenByFirewall' },
  ];
  for (const { type, expected } of cases) {
    test(`of ${type}: ${expected}`, async () => {
      const identity = await userAssigned();
      const { resource, token } = await resourceWith(type, {
        type: 'UserAssigned',
        userAssignedIdentities: { [identity.id]: {} },
      });
      const vault = await vaultFor(identity.principalId);
      assert.equal(await ask(vault, await token(`&client_id=${identity.clientId}`)), expected);
      const { properties, identity: recorded } = lastRecord('SecretGet') ?? {};
      assert.equal(recorded?.claim['xms_az_rid'], resource);
      assert.equal(properties?.trustedService, expected === '200' ? 'Azure Application Gateway v2 SKU' : undefined);
    });
  }
});

suite("a system-assigned identity is its resource's service", () => {
  const cases = [
    { type: 'Microsoft.ApiManagement/service', expected: '200' },
    { type: 'Microsoft.Network/applicationGateways', expected: '403 ForbiddenByFirewall' },
  ];
  for (const { type, expected } of cases) {
    test(`of ${type}: ${expected}`, async () => {
      const { principalId, token } = await resourceWith(type, { type: 'SystemAssigned' });
      assert.equal(await ask(await vaultFor(principalId), await token()), expected);
    });
  }
});

suite("a switch of the vault holds for Azure's compute", () => {
  let service: Registered;
  before(async () => {
    service = await register(world, { tenantId: servicesTenant, clientId: compute });
  });

  interface Case {
    readonly switches: object;
    readonly request?: readonly [method: string, path: string];
    readonly expected: string;
    readonly access: object;
  }
  const deployment = { vaultSwitch: 'enabledForDeployment' };
  const encryption = { vaultSwitch: 'enabledForDiskEncryption' };
  const wrap = ['POST', '/keys/k/wrapkey'] as const;
  const cases: readonly Case[] = [
    { switches: {}, expected: '403 AccessDenied', access: { ...deployment, isVaultSwitchOn: false } },
    { switches: { enabledForDeployment: true }, expected: '200', access: { ...deployment, isVaultSwitchOn: true } },
    { switches: { enabledForDiskEncryption: true }, expected: '200', access: { ...encryption, isVaultSwitchOn: true } },
    {
      switches: { enabledForTemplateDeployment: true },
      expected: '403 AccessDenied',
      access: { ...deployment, isVaultSwitchOn: false },
    },
    {
      switches: { enabledForDeployment: true },
      request: wrap,
      expected: '403 AccessDenied',
      access: { ...encryption, isVaultSwitchOn: false },
    },
    {
      switches: { enabledForDiskEncryption: true },
      request: wrap,
      expected: '400 BadParameter',
      access: { ...encryption, isVaultSwitchOn: true },
    },
  ];
  for (const { switches, request = ['GET', '/secrets/s'], expected, access } of cases) {
    for (const enableRbacAuthorization of [false, true]) {
      const permissions = enableRbacAuthorization ? 'roles' : 'access policies';
      test(`${Object.keys(switches).join() || 'none'}, ${request.join(' ')}, instead of ${permissions}: ${expected}`, async () => {
        const vault = await vaultFor(service.objectId, switches);
        if (enableRbacAuthorization)
          await putVault(world.client, vault, { networkAcls: acls.denyBypass, enableRbacAuthorization, ...switches });
        const token = await world.client.token('vault', service);
        assert.equal(await ask(vault, token, ...request), expected);
        const record = lastRecord(request[0] === 'GET' ? 'SecretGet' : 'KeyWrap');
        const { vaultSwitch, isVaultSwitchOn } = record?.properties ?? {};
        assert.deepEqual({ vaultSwitch, isVaultSwitchOn }, access);
      });
    }
  }

  test('the refusal is what Azure says', async () => {
    const vault = await vaultFor(service.objectId);
    const token = await world.client.token('vault', service);
    const { body } = await world.client.vault(vault, 'GET', '/secrets/s', { token, from: networks.refused });
    assert.match(String(body['error']?.['message']), /^Access denied to first party service\.\r\nCaller: tid=f8cdef31/);
  });
});
