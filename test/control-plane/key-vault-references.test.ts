import assert from 'node:assert/strict';
import { test } from 'node:test';
import { servicesTenant } from '../../src/types/caller.ts';
import type { Client, Json } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import { bodyWith, deploy, deployments, networkIn, put } from './deployments.ts';
import { at, auditLog, expectError, expectStatus, group, putVault, startWithGroup, vaults } from './resources.ts';

const value = 'the-value-of-the-secret';
const service = '797f4846-ba00-4fd7-ba43-dac1f8f63013';

/** A vault `kv-ref` with a secret, in whose rules is nobody who asks here. */
async function startWithSecret(properties: object): Promise<{ readonly world: TestServer; readonly version: string }> {
  const world = await startWithGroup();
  const { client } = world;
  const { tenantId, objectId } = client.identity;
  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['all'] } }];
  expectStatus(await putVault(client, 'kv-ref', { accessPolicies }), 200);
  const first = expectStatus(await client.vault('kv-ref', 'PUT', '/secrets/word', { body: { value } }), 200);
  expectStatus(await client.vault('kv-ref', 'PUT', '/secrets/word', { body: { value: `${value}-2` } }), 200);
  expectStatus(await putVault(client, 'kv-ref', { accessPolicies, ...properties }), 200);
  return { world, version: String(at(first.body, 'id')).split('/').at(-1) ?? '' };
}

const vaultId = ({ identity }: Client, name = 'kv-ref') => `/subscriptions/${identity.subscriptionId}${vaults}/${name}`;

function reference(client: Client, others: object = {}, id = vaultId(client)) {
  return { word: { reference: { keyVault: { id }, secretName: 'word', ...others } } };
}

/** A network whose tag has the length of the secret: a thing that shows that the value came, and not which. */
const parts = {
  parameters: { word: { type: 'securestring' } },
  resources: [networkIn('net', { tags: { length: "[string(length(parameters('word')))]" } })],
};

function lastRead(world: TestServer): Json {
  const found = auditLog(world).findLast((line) => line['operationName'] === 'SecretGet');
  assert.ok(found !== undefined, 'no secret was read');
  return found;
}

const shut = { defaultAction: 'Deny', bypass: 'AzureServices' };

test('a parameter is read from the vault by the trusted service, through its firewall and into its log', async () => {
  const { world, version } = await startWithSecret({ enabledForTemplateDeployment: true, networkAcls: shut });
  await using _ = world;
  const { client } = world;
  const { accepted, read } = await deploy(client, 'refer', parts, { parameters: reference(client) });
  assert.equal(at(read.body, 'properties', 'provisioningState'), 'Succeeded', JSON.stringify(read.body));
  const network = await client.arm('GET', `${group}/providers/Microsoft.Network/virtualNetworks/net`);
  assert.equal(at(network.body, 'tags', 'length'), String(value.length + 2));
  const line = lastRead(world);
  assert.equal(line['resourceId'], vaultId(client).toUpperCase());
  assert.equal(at(line, 'identity', 'claim', 'appid'), service);
  assert.equal(at(line, 'properties', 'addrAuthType'), 'TrustedService');
  assert.equal(at(line, 'properties', 'isAddressAuthorized'), true);
  assert.equal(at(line, 'properties', 'httpStatusCode'), 200);
  assert.equal(at(line, 'properties', 'id'), `${client.vaultOrigin('kv-ref')}/secrets/word`);
  assert.equal(line['correlationId'], at(accepted.body, 'properties', 'correlationId'));
  const shown = [
    auditLog(world),
    accepted.body,
    read.body,
    (await client.arm('POST', `${deployments}/refer/exportTemplate`)).body,
  ];
  assert.ok(!JSON.stringify(shown).includes(value));
  // The older version is as long as it was.
  await client.arm('DELETE', `${deployments}/refer`);
  await deploy(client, 'refer', parts, { parameters: reference(client, { secretVersion: version }) });
  const older = await client.arm('GET', `${group}/providers/Microsoft.Network/virtualNetworks/net`);
  assert.equal(at(older.body, 'tags', 'length'), String(value.length));
});

test('the caller who deploys cannot read the secret from where it is, and needs not', async () => {
  const { world } = await startWithSecret({ enabledForTemplateDeployment: true, networkAcls: shut });
  await using _ = world;
  const { client } = world;
  expectStatus(await client.vault('kv-ref', 'GET', '/secrets/word'), 403);
  expectStatus(
    await client.arm('POST', `${deployments}/dry/validate`, bodyWith(parts, { parameters: reference(client) })),
    200,
  );
});

test('what the vault refuses the service, the deployment is refused for, and nothing is made', async () => {
  const closed = 'Client address is not authorized and caller was ignored because bypass is set to None';
  const allowing = { ipRules: [{ value: '203.0.113.0/24' }], defaultAction: 'Deny', bypass: 'None' };
  const rows: readonly (readonly [object, string, boolean])[] = [
    [{ enabledForTemplateDeployment: false }, 'Access denied to first party service.', true],
    [{}, 'Access denied to first party service.', true],
    [{ enabledForTemplateDeployment: true, networkAcls: { defaultAction: 'Deny', bypass: 'None' } }, closed, false],
    // The deploying caller is in the rules. The service is not.
    [{ enabledForTemplateDeployment: true, networkAcls: allowing }, closed, false],
    [
      {
        enabledForTemplateDeployment: true,
        publicNetworkAccess: 'Disabled',
        networkAcls: { defaultAction: 'Deny', bypass: 'None' },
      },
      "Connection is not an approved private link and caller was ignored because bypass is not set to 'AzureServices' and PublicNetworkAccess is set to 'Disabled'.",
      false,
    ],
  ];
  for (const [properties, expected, passed] of rows) {
    const { world } = await startWithSecret(properties);
    await using _ = world;
    const { client } = world;
    const refused = expectStatus(await put(client, 'refused', parts, { parameters: reference(client) }), 400);
    assert.equal(at(refused.body, 'error', 'code'), 'KeyVaultParameterReferenceSecretRetrieveFailed');
    const message = String(at(refused.body, 'error', 'message'));
    const start = `The secret of KeyVault parameter 'word' cannot be retrieved. Http status code: '403'. Error message: '${expected}`;
    assert.ok(message.startsWith(start), message);
    if (passed) {
      const ids = `tid=${servicesTenant};appid=${service};oid=${service}`;
      const caller = `Caller: name=ARM;${ids};iss=https://sts.windows.net/${servicesTenant}/`;
      assert.ok(message.includes(`\r\n${caller}\r\nVault: kv-ref;location=westeurope'`), message);
    }
    const line = lastRead(world);
    assert.equal(at(line, 'properties', 'httpStatusCode'), 403);
    assert.ok(String(line['resultDescription']).startsWith(expected));
    expectStatus(await client.arm('GET', `${deployments}/refused`), 404);
    expectStatus(await client.arm('GET', `${group}/providers/Microsoft.Network/virtualNetworks/net`), 404);
  }
});

test('an open firewall, and the bypass where public access is disabled, let the service through', async () => {
  const rows = [
    { networkAcls: { defaultAction: 'Allow', bypass: 'None' } },
    { publicNetworkAccess: 'Disabled', networkAcls: shut },
    { enableRbacAuthorization: true, networkAcls: shut },
  ];
  for (const properties of rows) {
    const { world } = await startWithSecret({ enabledForTemplateDeployment: true, ...properties });
    await using _ = world;
    const { client } = world;
    const { read } = await deploy(client, 'open', parts, { parameters: reference(client) });
    assert.equal(at(read.body, 'properties', 'provisioningState'), 'Succeeded');
  }
});

test('a reference that leads nowhere says what it does not lead to', async () => {
  const { world } = await startWithSecret({ enabledForTemplateDeployment: true });
  await using _ = world;
  const { client } = world;
  const ask = (others: object, id?: string) =>
    put(client, 'lost', parts, { parameters: reference(client, others, id) });
  const none = vaultId(client, 'kv-none');
  expectError(
    await ask({}, none),
    404,
    'KeyVaultParameterReferenceNotFound',
    `The specified KeyVault '${none}' of the template parameter 'word' could not be found. Please see https://aka.ms/arm-keyvault for usage details.`,
  );
  // A vault of that name, and not that id.
  expectStatus(await ask({}, vaultId(client).replace('/rg/', '/other/')), 404);
  for (const others of [{ secretName: 'none' }, { secretVersion: 'f'.repeat(32) }, { secretName: '../x' }]) {
    const refused = expectStatus(await ask(others), 400);
    assert.match(
      String(at(refused.body, 'error', 'message')),
      /Http status code: '404'\. Error message: 'A secret with \(name\/id\)/,
    );
  }
  expectStatus(
    await client.vault('kv-ref', 'PATCH', '/secrets/word', { body: { attributes: { enabled: false } } }),
    200,
  );
  const disabled = expectStatus(await ask({}), 400);
  assert.match(
    String(at(disabled.body, 'error', 'message')),
    /Http status code: '403'\. Error message: 'Operation get is not allowed on a disabled secret\.'/,
  );
  for (const malformed of [
    { word: { reference: {} } },
    { word: { reference: { keyVault: { id: 1 }, secretName: 'x' } } },
  ]) {
    const refused = expectStatus(await put(client, 'lost', parts, { parameters: malformed }), 400);
    assert.equal(at(refused.body, 'error', 'code'), 'InvalidDeployment');
  }
});

test('a nested deployment refers to a vault of its own', async () => {
  const { world } = await startWithSecret({ enabledForTemplateDeployment: true, networkAcls: shut });
  await using _ = world;
  const { client } = world;
  const nested = {
    type: 'Microsoft.Resources/deployments',
    apiVersion: '2022-09-01',
    name: 'inner',
    properties: {
      mode: 'Incremental',
      expressionEvaluationOptions: { scope: 'inner' },
      parameters: {
        word: {
          reference: { keyVault: { id: "[resourceId('Microsoft.KeyVault/vaults', 'kv-ref')]" }, secretName: 'word' },
        },
      },
      template: at(bodyWith(parts) as unknown as Json, 'properties', 'template'),
    },
  };
  const { read } = await deploy(client, 'around', { resources: [nested] });
  assert.equal(at(read.body, 'properties', 'provisioningState'), 'Succeeded', JSON.stringify(read.body));
  const network = await client.arm('GET', `${group}/providers/Microsoft.Network/virtualNetworks/net`);
  assert.equal(at(network.body, 'tags', 'length'), String(value.length + 2));
});
