import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { servicesTenant } from '../../src/types/caller.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { accessDenied, acls, auditRecords, networks, putVault, register } from './vaults.ts';
import type { Registered } from './vaults.ts';

const armApplication = '797f4846-ba00-4fd7-ba43-dac1f8f63013';
const resource = (type: string) => `/subscriptions/s/resourceGroups/g/providers/${type}/x`;

type CallerName =
  'resourceManager' | 'apiManagement' | 'gateway' | 'storage' | 'site' | 'otherApplication' | 'ordinary';

/** The callers, with a description of each. */
const callers: Readonly<Record<CallerName, Parameters<typeof register>[1]>> = {
  resourceManager: { tenantId: servicesTenant, clientId: armApplication },
  apiManagement: { managedIdentity: resource('Microsoft.ApiManagement/service') },
  // A gateway is trusted by a user-assigned identity only.
  gateway: { managedIdentity: resource('Microsoft.Network/applicationGateways') },
  storage: { managedIdentity: resource('Microsoft.Storage/storageAccounts') },
  site: { managedIdentity: resource('Microsoft.Web/sites') },
  otherApplication: { tenantId: servicesTenant },
  ordinary: {},
};

let world: TestServer;
const registered = new Map<string, Registered>();

function caller(name: CallerName): Registered {
  const found = registered.get(name);
  if (found === undefined) throw new Error(`${name} is not registered`);
  return found;
}

before(async () => {
  world = await startServer();
  for (const [name, given] of Object.entries(callers)) registered.set(name, await register(world, given));
  const policies = [...registered.values()].map(({ objectId }) => ({ objectId, secrets: ['all'] }));
  const { denyBypass, deny } = acls;
  // For the resource manager a switch counts, and not the policies.
  const enabledForTemplateDeployment = true;
  await putVault(world.client, 'kv-trusts', { networkAcls: denyBypass, policies, enabledForTemplateDeployment });
  await putVault(world.client, 'kv-trusts-closed', {
    networkAcls: denyBypass,
    policies,
    enabledForTemplateDeployment,
    publicNetworkAccess: 'Disabled',
  });
  await putVault(world.client, 'kv-none', { networkAcls: deny, policies });
  await putVault(world.client, 'kv-trusts-nobody', { networkAcls: denyBypass });
  for (const vault of ['kv-trusts', 'kv-none']) {
    const token = await world.client.token('vault', caller('ordinary'));
    const set = await world.client.vault(vault, 'PUT', '/secrets/s', {
      body: { value: 'v' },
      token,
      from: networks.allowed,
    });
    assert.equal(set.status, 200, JSON.stringify(set.body));
  }
});

after(() => world[Symbol.asyncDispose]());

async function ask(name: CallerName, vault: string, method = 'GET', path = '/secrets/s') {
  const token = await world.client.token('vault', caller(name));
  const body = method === 'PUT' ? { body: { value: 'w' } } : {};
  return world.client.vault(vault, method, path, { token, from: networks.refused, ...body });
}

suite('from an address that the firewall refuses', () => {
  interface Case {
    readonly who: CallerName;
    readonly vault: string;
    readonly request?: readonly [method: string, path: string];
    readonly expected: string;
  }

  const cases: readonly Case[] = [
    { who: 'resourceManager', vault: 'kv-trusts', expected: '200' },
    {
      who: 'resourceManager',
      vault: 'kv-trusts',
      request: ['GET', '/secrets/missing'],
      expected: '404 SecretNotFound',
    },
    { who: 'resourceManager', vault: 'kv-trusts-closed', expected: '404 SecretNotFound' },
    { who: 'resourceManager', vault: 'kv-trusts-nobody', expected: '403 AccessDenied' },
    { who: 'resourceManager', vault: 'kv-none', expected: '403 ForbiddenByFirewall' },
    // Trust applies to a scenario of a service, not to everything that it does.
    { who: 'resourceManager', vault: 'kv-trusts', request: ['PUT', '/secrets/s'], expected: '403 ForbiddenByFirewall' },
    { who: 'resourceManager', vault: 'kv-trusts', request: ['GET', '/secrets'], expected: '403 ForbiddenByFirewall' },
    { who: 'apiManagement', vault: 'kv-trusts', expected: '200' },
    { who: 'apiManagement', vault: 'kv-trusts-nobody', expected: '403 AccessDenied' },
    { who: 'apiManagement', vault: 'kv-none', expected: '403 ForbiddenByFirewall' },
    { who: 'gateway', vault: 'kv-trusts', expected: '403 ForbiddenByFirewall' },
    { who: 'storage', vault: 'kv-trusts', expected: '403 ForbiddenByFirewall' },
    { who: 'site', vault: 'kv-trusts', expected: '403 ForbiddenByFirewall' },
    { who: 'otherApplication', vault: 'kv-trusts', expected: '403 ForbiddenByFirewall' },
    { who: 'ordinary', vault: 'kv-trusts', expected: '403 ForbiddenByFirewall' },
    { who: 'ordinary', vault: 'kv-trusts-closed', expected: '403 ForbiddenByConnection' },
  ];

  for (const { who, vault, request = ['GET', '/secrets/s'], expected } of cases) {
    test(`${who} gets ${expected} for ${request.join(' ')} of ${vault}`, async () => {
      const { status, body } = await ask(who, vault, ...request);
      const error = body['error'];
      const code = error?.['innererror']?.['code'] ?? error?.['code'];
      assert.equal(code === undefined ? String(status) : `${status} ${String(code)}`, expected);
      const verdict = auditRecords(world).at(-1)?.properties.verdict;
      const trusted = !expected.startsWith('403 ForbiddenBy');
      assert.equal(verdict?.allowed, trusted);
      assert.equal(verdict.because === 'trustedService', trusted);
    });
  }

  test('a trusted service without a permission gets the message for access policies', async () => {
    const { body } = await ask('apiManagement', 'kv-trusts-nobody');
    assert.equal(
      body['error']?.['message'],
      accessDenied(
        caller('apiManagement'),
        'secrets/get',
        'kv-trusts-nobody',
        resource('Microsoft.ApiManagement/service'),
      ),
    );
  });

  test('the template deployment service without its switch gets the message for services', async () => {
    const { body } = await ask('resourceManager', 'kv-trusts-nobody');
    assert.match(
      String(body['error']?.['message']),
      /^Access denied to first party service\.\r\nCaller: name=ARM;tid=f8cdef31-/,
    );
  });

  test('the record of a trusted service names it', async () => {
    await ask('resourceManager', 'kv-trusts');
    const { properties } = auditRecords(world).at(-1) ?? {};
    assert.equal(properties?.addrAuthType, 'TrustedService');
    assert.equal(properties.trustedService, 'Azure Resource Manager template deployment service');
    assert.equal(properties.isAddressAuthorized, true);
  });

  test('a token for another resource is refused to every caller', async () => {
    const token = await world.client.token('arm', caller('resourceManager'));
    const answer = await world.client.vault('kv-trusts', 'GET', '/secrets/s', { token, from: networks.refused });
    assert.equal(answer.status, 401);
  });
});

suite('no header changes who or where a caller is', () => {
  const claims = {
    'x-forwarded-for': '203.0.113.7',
    forwarded: 'for=203.0.113.7;proto=https',
    'x-real-ip': '203.0.113.7',
    'x-client-ip': '203.0.113.7',
    'true-client-ip': '203.0.113.7',
    'x-azure-clientip': '203.0.113.7',
    'x-ms-forward-internal-correlation-id': '203.0.113.7',
    'x-ms-arm-service-request-id': armApplication,
    'x-ms-client-app-id': armApplication,
    'x-ms-client-tenant-id': servicesTenant,
    'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;',
    'proxy-authorization': 'Basic eDp5',
    via: '1.1 203.0.113.7',
  };

  for (const [header, value] of [...Object.entries(claims), ['all of them', ''] as const]) {
    test(header, async () => {
      const headers = header in claims ? { [header]: value } : claims;
      const token = await world.client.token('vault', caller('ordinary'));
      const answer = await world.client.vault('kv-trusts', 'GET', '/secrets/s', {
        token,
        from: networks.refused,
        headers,
      });
      assert.equal(answer.status, 403);
      assert.equal(answer.body['error']?.['innererror']?.['code'], 'ForbiddenByFirewall');
      assert.match(String(answer.body['error']['message']), /\r\nClient address: 203\.0\.113\.8\r\n/);
      assert.match(String(answer.headers['x-ms-keyvault-network-info']), /;addr=203\.0\.113\.8;/);
      assert.equal(auditRecords(world).at(-1)?.callerIpAddress, '203.0.113.8');
      // Nor does it remove a permission.
      const allowed = await world.client.vault('kv-trusts', 'GET', '/secrets/s', {
        token,
        from: networks.allowed,
        headers: Object.fromEntries(Object.keys(headers).map((name) => [name, '203.0.113.8'])),
      });
      assert.equal(allowed.status, 200);
    });
  }
});
