import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '../../src/store/store.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import type { Client, Json } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import { bodyWith, deploy, deployments, networkIn, put } from './deployments.ts';
import {
  at,
  auditLog,
  expectError,
  expectStatus,
  followed,
  group,
  putVault,
  startWithGroup,
  vaults,
} from './resources.ts';

const value = 'the-value-of-the-secret';
const service = '797f4846-ba00-4fd7-ba43-dac1f8f63013';

/** A vault `kv-ref` with a secret, whose rules allow none of these callers. */
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

/** A network whose tag is the length of the secret: it shows that the value arrived without showing it. */
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
  // The older version still has its length.
  await client.arm('DELETE', `${deployments}/refer`);
  await deploy(client, 'refer', parts, { parameters: reference(client, { secretVersion: version }) });
  const older = await client.arm('GET', `${group}/providers/Microsoft.Network/virtualNetworks/net`);
  assert.equal(at(older.body, 'tags', 'length'), String(value.length));
});

test('the deploying caller cannot read the secret directly, and need not', async () => {
  const { world } = await startWithSecret({ enabledForTemplateDeployment: true, networkAcls: shut });
  await using _ = world;
  const { client } = world;
  expectStatus(await client.vault('kv-ref', 'GET', '/secrets/word'), 403);
  expectStatus(
    await client.arm('POST', `${deployments}/dry/validate`, bodyWith(parts, { parameters: reference(client) })),
    200,
  );
});

test("a deployment is refused with the vault's refusal of the service, and nothing is created", async () => {
  const closed = 'Client address is not authorized and caller was ignored because bypass is set to None';
  const allowing = { ipRules: [{ value: '203.0.113.0/24' }], defaultAction: 'Deny', bypass: 'None' };
  const rows: readonly (readonly [object, string, boolean])[] = [
    [{ enabledForTemplateDeployment: false }, 'Access denied to first party service.', true],
    [{}, 'Access denied to first party service.', true],
    [{ enabledForTemplateDeployment: true, networkAcls: { defaultAction: 'Deny', bypass: 'None' } }, closed, false],
    // The rules allow the deploying caller, but not the service.
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

test('an open firewall lets the service through, and so does the bypass with public access disabled', async () => {
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

test('the error of a reference to something that does not exist names it', async () => {
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
  // A vault of that name, but with another id.
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

test('a nested deployment can refer to a vault itself', async () => {
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

/**
 * Everything that the server has written to disk unencrypted, and everything about deployments that it shows to a
 * caller who may read them.
 */
async function shownOf(world: TestServer, names: readonly string[]): Promise<string> {
  const { client } = world;
  const shown: unknown[] = [auditLog(world), (await client.arm('GET', deployments)).body];
  for (const name of names) {
    shown.push((await client.arm('GET', `${deployments}/${name}`)).body);
    shown.push((await client.arm('GET', `${deployments}/${name}/operations`)).body);
    shown.push((await client.arm('POST', `${deployments}/${name}/exportTemplate`)).body);
  }
  const { subscriptionId } = client.identity;
  for (const prefix of ['deployment/', 'deployment-operation/', 'long-running/', 'under-way/']) {
    const records = await world.folder.store.list({ prefix, limit: 1000 });
    shown.push(records.map((record) => decode<unknown>(record)));
  }
  const text = JSON.stringify(shown);
  assert.ok(text.includes(subscriptionId), 'the search has data');
  return text;
}

const open = { enabledForTemplateDeployment: true, networkAcls: { defaultAction: 'Allow' } };

test('a referenced value is secret, whatever the type of its parameter', async () => {
  const { world } = await startWithSecret(open);
  await using _ = world;
  const { client } = world;
  const plain = {
    ...parts,
    parameters: { word: { type: 'string' }, WORD2: { type: 'string', defaultValue: "[parameters('word')]" } },
  };
  const parameters = { WORD: reference(client).word };
  const { accepted, read } = await deploy(client, 'plain', plain, { parameters });
  assert.equal(at(read.body, 'properties', 'provisioningState'), 'Succeeded', JSON.stringify(read.body));
  assert.deepEqual(at(read.body, 'properties', 'parameters', 'word'), { type: 'String' });
  assert.deepEqual(at(read.body, 'properties', 'parameters', 'WORD2'), { type: 'String', value: '*****' });
  const dry = [
    await client.arm('POST', `${deployments}/dry/validate`, bodyWith(plain, { parameters })),
    await client.arm('POST', `${deployments}/dry/whatIf`, bodyWith(plain, { parameters })),
  ];
  for (const answered of dry) expectStatus(answered, 200);
  const text = JSON.stringify([accepted.body, dry]) + (await shownOf(world, ['plain']));
  assert.ok(!text.includes(value), 'the value is nowhere');
  // A value that was sent in the body for a parameter of that type is not a secret.
  const { read: clear } = await deploy(client, 'clear', plain, { parameters: { word: { value: 'said aloud' } } });
  assert.deepEqual(at(clear.body, 'properties', 'parameters', 'word'), { type: 'String', value: 'said aloud' });
});

test('no refusal and no output shows a referenced value', async () => {
  const { world } = await startWithSecret(open);
  await using _ = world;
  const { client } = world;
  const short = 'ab';
  expectStatus(await client.vault('kv-ref', 'PUT', '/secrets/short', { body: { value: short } }), 200);
  const parameters = { word: { reference: { keyVault: { id: vaultId(client) }, secretName: 'short' } } };
  const allowed = { parameters: { word: { type: 'string', allowedValues: ['x'] } } };
  const refused = expectStatus(await put(client, 'refused', allowed, { parameters }), 400);
  assert.match(
    String(at(refused.body, 'error', 'message')),
    /The provided value for the template parameter 'word' is not/,
  );
  const broken = {
    parameters: { word: { type: 'string' } },
    variables: { v: "[json(parameters('word'))]" },
    resources: [networkIn("[variables('v')]")],
  };
  const unread = await put(client, 'broken', broken, { parameters: reference(client) });
  assert.ok(unread.status === 400 && !JSON.stringify(unread.body).includes(value), JSON.stringify(unread.body));
  const outputs = { o: { type: 'string', value: "[concat('-', parameters('word'))]" } };
  const { read } = await deploy(
    client,
    'reveals',
    { ...parts, parameters: { word: { type: 'string' } }, outputs },
    { parameters: reference(client) },
  );
  assert.equal(at(read.body, 'properties', 'provisioningState'), 'Failed');
  assert.match(JSON.stringify(at(read.body, 'properties', 'error')), /output 'o' is not valid: it would reveal/);
  assert.ok(!(await shownOf(world, ['reveals'])).includes(value));
});

test('a nested deployment masks the secrets of the one around it, also in its outputs', async () => {
  const { world } = await startWithSecret(open);
  await using _ = world;
  const { client } = world;
  const nested = (scope: string, given: string) => ({
    type: 'Microsoft.Resources/deployments',
    apiVersion: '2022-09-01',
    name: `nested-${scope}`,
    properties: {
      mode: 'Incremental',
      expressionEvaluationOptions: { scope },
      parameters: { handed: { value: "[parameters('word')]" } },
      template: at(
        bodyWith({
          parameters: { handed: { type: 'string' } },
          outputs: { o: { type: 'string', value: given } },
        }) as unknown as Json,
        'properties',
        'template',
      ),
    },
  });
  const rows = [
    nested('inner', "[concat('-', parameters('handed'))]"),
    nested('outer', "[concat('-', parameters('word'))]"),
  ];
  for (const type of ['string', 'securestring']) {
    for (const resource of rows) {
      const name = `around-${type}-${resource.name}`;
      const around = { parameters: { word: { type } }, resources: [resource] };
      const { read } = await deploy(client, name, around, { parameters: reference(client) });
      assert.equal(at(read.body, 'properties', 'provisioningState'), 'Failed');
      const text = await shownOf(world, [name, resource.name]);
      assert.match(text, /output 'o' is not valid: it would reveal/);
      assert.ok(!text.includes(value), name);
      await client.arm('DELETE', `${deployments}/${resource.name}`);
    }
  }
});

const site = (name: string, others: object = {}) => ({
  type: 'Microsoft.Web/sites',
  apiVersion: '2022-03-01',
  name,
  location: 'westeurope',
  ...others,
});
const wordOutput = (output: string, type = 'string') => ({ outputs: { o: { type, value: output } } });

/** Templates that fail on the secret or would show it, each in another place. */
const telltales: Readonly<Record<string, object>> = {
  'a function that cannot read it': wordOutput("[dateTimeAdd('2020-01-01T00:00:00Z', parameters('word'))]"),
  'the name of a member that does not exist': wordOutput("[createObject('a', 1)[parameters('word')]]"),
  'the names of the existing members': wordOutput("[createObject(parameters('word'), 1).b]"),
  'the name of a parameter': wordOutput("[parameters(parameters('word'))]"),
  'the name of an output member': wordOutput("[createObject(parameters('word'), 1)]", 'object'),
  'a reference': wordOutput("[string(reference(parameters('word')))]"),
  'the id of a reference': wordOutput(
    "[string(reference(resourceId('Microsoft.KeyVault/vaults', parameters('word')), '2023-07-01'))]",
  ),
  'the version of a reference': wordOutput(
    "[string(reference(resourceId('Microsoft.KeyVault/vaults', 'kv-ref'), parameters('word')))]",
  ),
  'a body that cannot be made': {
    resources: [site('a', { properties: { p: "[createObject('a', 1)[parameters('word')]]" } })],
  },
  'the name of a resource': { resources: [site("[concat('a-', parameters('word'))]")] },
  'its version': { resources: [site('a', { apiVersion: "[parameters('word')]" })] },
  'its subscription': { resources: [site('a', { subscriptionId: "[parameters('word')]" })] },
  'its group': { resources: [site('a', { resourceGroup: "[parameters('word')]" })] },
  'what it extends': {
    resources: [
      {
        type: 'Microsoft.Authorization/locks',
        apiVersion: '2020-05-01',
        name: 'lock',
        scope: "[parameters('word')]",
        properties: { level: 'CanNotDelete' },
      },
    ],
  },
  'what it depends on': { resources: [site('a', { dependsOn: ["[parameters('word')]"] })] },
  'the tags of a nested deployment': {
    resources: [
      {
        type: 'Microsoft.Resources/deployments',
        apiVersion: '2022-09-01',
        name: 'tagged',
        tags: { a: "[parameters('word')]" },
        properties: { mode: 'Incremental', template: at(bodyWith({}) as unknown as Json, 'properties', 'template') },
      },
    ],
  },
  'an invalid version': { resources: [site('a', { apiVersion: 'newest' })] },
};

test('neither a refusal nor a record shows the secret, wherever the template uses it', async () => {
  const { world } = await startWithSecret(open);
  await using _ = world;
  const { client } = world;
  const parameters = reference(client);
  for (const [what, telltale] of Object.entries(telltales)) {
    const own = { parameters: { word: { type: 'string' } }, ...telltale };
    const dry = [
      await client.arm('POST', `${deployments}/dry/validate`, bodyWith(own, { parameters })),
      await client.arm('POST', `${deployments}/dry/whatIf`, bodyWith(own, { parameters })),
    ];
    const accepted = await put(client, 'tells', own, { parameters });
    if (accepted.status < 300) await followed(client, accepted);
    const text = JSON.stringify([dry, accepted.body]) + (await shownOf(world, ['tells', 'tagged']));
    assert.ok(!text.toLowerCase().includes(value), what);
    if (what !== 'the tags of a nested deployment') {
      assert.notEqual(dry[1]?.body['status'], 'Succeeded', what);
      expectStatus(await client.arm('GET', `${group}/providers/Microsoft.Web/sites/a`), 404);
    }
    await client.arm('DELETE', `${deployments}/tells`);
  }
});
