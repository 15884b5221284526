import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { registerClient } from '../../src/directory/client-registration.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import { assign } from '../world/assign.ts';
import type { Credentials } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import { auditLog, at, claimsOf, expectError, expectStatus, putVault, startWithGroup, vaults } from './resources.ts';

const guid = '11111111-2222-3333-4444-555555555555';

async function register(world: TestServer, others: { tenantId?: string; groups?: readonly string[] } = {}) {
  const registration = {
    clientId: randomUUID(),
    objectId: randomUUID(),
    tenantId: world.client.identity.tenantId,
    displayName: 'another',
    secrets: ['another secret'],
    ...others,
  };
  await registerClient(world.folder.store, registration);
  const { clientId, tenantId, objectId } = registration;
  const credentials: Credentials = { clientId, tenantId, clientSecret: 'another secret' };
  return { objectId, credentials };
}

test('a missing or invalid token is refused with 401 and a challenge', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { tenantId } = client.identity;
  const good = await client.token('arm');
  const [header = '', payload = '', signature = ''] = good.split('.');
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = claimsOf(good);
  const cut = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  const invalid = 'InvalidAuthenticationToken';
  const allowed = [client.home, 'https://management.azure.com', 'https://management.core.windows.net']
    .flatMap((audience) => [audience, `${audience}/`])
    .join("','");
  const refusals: readonly (readonly [string | undefined, string, string])[] = [
    [undefined, 'AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing."],
    ['x', invalid, 'The access token is invalid: its token cannot be read.'],
    [`x.${payload}.${signature}`, invalid, 'The access token is invalid: its header cannot be read.'],
    [`${header}.x.${signature}`, invalid, 'The access token is invalid: its payload cannot be read.'],
    [`${header}.${payload}.${cut}`, invalid, 'The access token is invalid: its signature does not match.'],
    [
      `${part({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      invalid,
      "The access token is invalid: its algorithm 'none' is not one of RS256.",
    ],
    [
      `${header}.${part({ ...Object.fromEntries(Object.entries(claims)), iss: `https://sts.windows.net/${guid}/` })}.${signature}`,
      'InvalidAuthenticationTokenTenant',
      `The access token is from the wrong issuer 'https://sts.windows.net/${guid}/'. It must match the tenant 'https://sts.windows.net/${tenantId}/' associated with this subscription.`,
    ],
    [
      await client.token('vault'),
      'InvalidAuthenticationTokenAudience',
      `The access token has been obtained for wrong audience or resource 'https://vault.localhost:${world.port}'. It should exactly match with one of the allowed audiences '${allowed}'.`,
    ],
  ];
  for (const [token, code, message] of refusals) {
    const answered = await client.arm('GET', vaults, undefined, { token });
    expectError(answered, 401, code, message);
    assert.equal(
      answered.headers['www-authenticate'],
      `Bearer authorization_uri="${client.home}/${tenantId}", error="invalid_token", error_description="The authentication failed because of missing 'Authorization' header or an invalid access token."`,
    );
  }
  const basic = { token: undefined, headers: { authorization: 'Basic eDp5' } };
  expectStatus(await client.arm('GET', vaults, undefined, basic), 401);
  const lower = { token: undefined, headers: { authorization: `bearer ${good}` } };
  expectStatus(await client.arm('GET', vaults, undefined, lower), 200);
});

test("a token for Azure's own names of the resource manager is accepted", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  for (const resource of [
    'https://management.azure.com',
    'https://management.core.windows.net',
    'https://management.core.windows.net/',
  ]) {
    const token = await client.token(resource);
    expectStatus(await client.arm('GET', vaults, undefined, { token }), 200);
  }
});

test('a token is accepted until five minutes after it expires, and not a second longer', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const token = await client.token('arm');
  const expiresAt = Number(claimsOf(token)['exp']) * 1000;
  const end = expiresAt + 300_000;
  world.advance(end - world.now() - 10_000);
  expectStatus(await client.arm('GET', vaults), 200);
  world.advance(10_001);
  expectError(
    await client.arm('GET', vaults),
    401,
    'ExpiredAuthenticationToken',
    `The access token expiry UTC time '${new Date(expiresAt).toISOString()}' is earlier than current UTC time.`,
  );
});

test("a token of the services' tenant is refused: the control plane belongs to the subscription's tenant", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { credentials } = await register(world, { tenantId: servicesTenant });
  expectError(
    await client.arm('GET', vaults, undefined, { token: await client.token('arm', credentials) }),
    401,
    'InvalidAuthenticationTokenTenant',
    `The access token is from the wrong issuer 'https://sts.windows.net/${servicesTenant}/'. It must match the tenant 'https://sts.windows.net/${client.identity.tenantId}/' associated with this subscription.`,
  );
});

test("a caller without a role is refused with Azure's message for every operation, and changes nothing", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { subscriptionId } = client.identity;
  const { objectId, credentials } = await register(world);
  expectStatus(await putVault(client, 'kv-mine'), 200);
  const token = await client.token('arm', credentials);
  const network = '/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net';
  const provider = '/providers/Microsoft.KeyVault';
  const asked: readonly (readonly [string, string, string])[] = [
    ['GET', '', 'Microsoft.Resources/subscriptions/read'],
    ['GET', `${vaults}/kv-mine`, 'Microsoft.KeyVault/vaults/read'],
    ['PUT', `${vaults}/kv-mine`, 'Microsoft.KeyVault/vaults/write'],
    ['PATCH', `${vaults}/kv-mine`, 'Microsoft.KeyVault/vaults/write'],
    ['DELETE', `${vaults}/kv-mine`, 'Microsoft.KeyVault/vaults/delete'],
    ['PUT', `${vaults}/kv-mine/accessPolicies/add`, 'Microsoft.KeyVault/vaults/accessPolicies/write'],
    ['POST', `${vaults}/kv-mine/explain`, 'Microsoft.KeyVault/vaults/read'],
    ['GET', `${provider}/deletedVaults`, 'Microsoft.KeyVault/deletedVaults/read'],
    [
      'POST',
      `${provider}/locations/westeurope/deletedVaults/kv-mine/purge`,
      'Microsoft.KeyVault/locations/deletedVaults/purge/action',
    ],
    ['POST', `${provider}/checkNameAvailability`, 'Microsoft.KeyVault/checkNameAvailability/read'],
    ['PUT', network, 'Microsoft.Network/virtualNetworks/write'],
    ['DELETE', `${network}/subnets/s`, 'Microsoft.Network/virtualNetworks/subnets/delete'],
    ['DELETE', '/resourceGroups/rg', 'Microsoft.Resources/subscriptions/resourceGroups/delete'],
  ];
  for (const [method, path, action] of asked) {
    const scope = `/subscriptions/${subscriptionId}${path}`;
    const body = method === 'GET' ? undefined : {};
    expectError(
      await client.arm(method, path, body, { token }),
      403,
      'AuthorizationFailed',
      `The client '${objectId}' with object id '${objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    );
  }
  expectStatus(await client.arm('GET', `${vaults}/kv-mine`), 200);
  const refused = auditLog(world).filter((line) => at(line, 'properties', 'httpStatusCode') === 403);
  assert.deepEqual(
    refused.map((line) => String(line['operationName'])),
    [
      'VaultGet',
      'VaultPut',
      'VaultPatch',
      'VaultDelete',
      'VaultPatch',
      'VaultExplain',
      'VaultListDeleted',
      'VaultPurge',
    ],
  );
  for (const line of refused) assert.equal(at(line, 'identity', 'claim', 'oid'), objectId);
});

test('a member of a group with the role Owner may do what an owner may', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { credentials } = await register(world, { groups: [guid] });
  const token = await client.token('arm', credentials);
  expectStatus(await client.arm('GET', vaults, undefined, { token }), 403);
  await assign(client, { role: 'Owner', principalId: guid, principalType: 'Group' });
  expectStatus(await client.arm('GET', vaults, undefined, { token }), 200);
});

test('the api-version is checked first, and its percent-encoded form, which the JS clients send, is accepted', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const url = `${client.home}/subscriptions/${client.identity.subscriptionId}${vaults}`;
  const token = await client.token('arm');
  expectError(
    await client.send(url),
    400,
    'MissingApiVersionParameter',
    'The api-version query parameter (?api-version=) is required for all requests.',
  );
  for (const version of ['7.4', '', '2023-07', 'latest']) {
    const message = `The api-version '${version}' is invalid. Give a date such as 2026-02-01.`;
    expectError(
      await client.send(`${url}?api-version=${version}`, { token }),
      400,
      'InvalidApiVersionParameter',
      message,
    );
  }
  expectStatus(await client.send(`${url}?api%2Dversion=2026-02-01`, { token }), 200);
  expectStatus(await client.send(`${url}?api-version=2015-11-01`, { token }), 200);
});

test('another subscription and another path are not found', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { subscriptionId, tenantId } = client.identity;
  const token = await client.token('arm');
  for (const id of [guid, 'x', '%C3%A4', 'a b'.replace(' ', '%20')]) {
    const answered = await client.send(`${client.home}/subscriptions/${id}?api-version=2022-12-01`, { token });
    const message = `The subscription '${decodeURIComponent(id)}' could not be found.`;
    expectError(answered, 404, 'SubscriptionNotFound', message);
  }
  const path = `/subscriptions/${subscriptionId}/nothing/of/the/kind?api-version=2022-12-01`;
  const nowhere = await client.send(`${client.home}${path}`, { token });
  expectError(nowhere, 404, 'InvalidResourceType', `There is no operation GET ${path} here.`);
  const listed = await client.send(`${client.home}/subscriptions?api-version=2022-12-01`, { token });
  assert.equal(at(expectStatus(listed, 200).body, 'value', 0, 'subscriptionId'), subscriptionId);
  assert.equal(at(listed.body, 'value', 0, 'tenantId'), tenantId);
  expectStatus(await client.send(`${client.home}/subscriptions?api-version=2022-12-01`), 401);
});

test('a body of more than 4 MiB is refused, and one just below it is read', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const body = (length: number) => `{"location":"${'x'.repeat(length - 15)}"}`;
  expectError(
    await client.arm('PUT', `${vaults}/kv-big`, body(4_194_305)),
    413,
    'RequestContentTooLarge',
    'The request content is larger than the 4194304 bytes that are allowed.',
  );
  expectStatus(await client.arm('PUT', `${vaults}/kv-big`, body(4_194_304)), 400);
});
