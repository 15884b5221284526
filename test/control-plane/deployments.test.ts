import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { register } from '../data-plane/vaults.ts';
import { bodyWith, deploy, deployments, networkIn, put, template, vaultIn } from './deployments.ts';
import {
  at,
  auditLog,
  expectError,
  expectStatus,
  followed,
  group,
  location,
  namesIn,
  networks,
  startWithGroup,
  subnetId,
  vaultBody,
  vaults,
} from './resources.ts';
import { startPostern, dataFolder } from '../world/process.ts';

const ruleOn = (id: string) => ({
  networkAcls: { defaultAction: 'Deny', bypass: 'None', virtualNetworkRules: [{ id }] },
});

test('a deployment creates its resources in order, and lists them', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { subscriptionId } = client.identity;
  const before = auditLog(world).length;
  const { accepted, ended, read } = await deploy(
    client,
    'main',
    {
      parameters: { name: { type: 'string' }, secret: { type: 'securestring' } },
      resources: [
        vaultIn(client, "[parameters('name')]", {}, ruleOn("[reference('net').subnets[0].id]")),
        networkIn('net'),
      ],
      outputs: {
        uri: { type: 'string', value: "[reference(parameters('name')).vaultUri]" },
        secret: { type: 'securestring', value: "[parameters('secret')]" },
      },
    },
    { parameters: { name: { value: 'kv-made' }, secret: { value: 'hunter2-hunter2' } } },
  );
  const id = `/subscriptions/${subscriptionId}${deployments}/main`;
  assert.equal(at(accepted.body, 'properties', 'provisioningState'), 'Running');
  assert.equal(at(ended.body, 'status'), 'Succeeded');
  assert.equal(at(read.body, 'id'), id);
  const properties = at(read.body, 'properties');
  assert.equal(at(properties, 'provisioningState'), 'Succeeded');
  assert.deepEqual(at(properties, 'parameters'), {
    name: { type: 'String', value: 'kv-made' },
    secret: { type: 'SecureString' },
  });
  assert.deepEqual(at(properties, 'outputs'), {
    uri: { type: 'String', value: `${client.vaultOrigin('kv-made')}/` },
    secret: { type: 'SecureString' },
  });
  const root = `/subscriptions/${subscriptionId}`;
  assert.deepEqual(at(properties, 'outputResources'), [
    { id: `${root}${networks}/net` },
    { id: `${root}${vaults}/kv-made` },
  ]);
  const vault = await client.arm('GET', `${vaults}/kv-made`);
  assert.deepEqual(at(vault.body, 'properties', 'networkAcls', 'virtualNetworkRules'), [
    { id: subnetId(client, 'net', 'apps') },
  ]);
  const operations = await client.arm('GET', `${deployments}/main/operations`);
  assert.deepEqual(
    (at(operations.body, 'value') as unknown as readonly (typeof read.body)[]).map((operation) => [
      at(operation, 'properties', 'targetResource', 'resourceName'),
      at(operation, 'properties', 'provisioningState'),
      at(operation, 'properties', 'statusCode'),
    ]),
    [
      ['net', 'Succeeded', '201'],
      ['kv-made', 'Succeeded', '200'],
    ],
  );
  const first = String(at(operations.body, 'value', 0, 'operationId'));
  expectStatus(await client.arm('GET', `${deployments}/main/operations/${first}`), 200);
  // The vault's own log has its PUT, by the deploying caller, and neither the log nor anything stored has the secret.
  const lines = auditLog(world).slice(before);
  const made = lines.find((line) => line['operationName'] === 'VaultPut');
  assert.equal(at(made, 'identity', 'claim', 'oid'), client.identity.objectId);
  assert.equal(at(made, 'callerIpAddress'), '203.0.113.1');
  assert.ok(!JSON.stringify([lines, read.body, accepted.body, operations.body]).includes('hunter2'));
  assert.deepEqual(namesIn((await client.arm('GET', deployments)).body), ['main']);
});

test('a deployment is read, exported and deleted, and the resources that it created stay', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const parts = {
    parameters: { word: { type: 'securestring', defaultValue: 'open-sesame' } },
    resources: [vaultIn(client, 'kv-one')],
  };
  await deploy(client, 'One.(1)', parts);
  const path = `${deployments}/one.(1)`;
  expectStatus(await client.arm('HEAD', path), 204);
  const exported = expectStatus(await client.arm('POST', `${path}/exportTemplate`), 200);
  assert.deepEqual(at(exported.body, 'template'), {
    ...template(parts),
    parameters: { word: { type: 'securestring' } },
  });
  expectStatus(await client.arm('GET', `${deployments}?$filter=provisioningState%20eq%20'Succeeded'`), 200);
  assert.deepEqual(
    namesIn((await client.arm('GET', `${deployments}?$filter=provisioningState%20eq%20'Failed'`)).body),
    [],
  );
  expectError(
    await client.arm('GET', `${deployments}?$filter=name%20eq%20'x'`),
    400,
    'BadRequest',
    `$filter is 'name eq 'x''; supported is "provisioningState eq 'Succeeded'" with a state.`,
  );
  // Deploying the same again is 200, and changes nothing.
  expectStatus(await followed(client, expectStatus(await put(client, 'One.(1)', parts), 200)), 200);
  expectError(
    await client.arm('POST', `${path}/cancel`),
    409,
    'DeploymentNotActive',
    "The deployment 'One.(1)' cannot be cancelled: its state is Succeeded, not Running.",
  );
  expectStatus(await client.arm('DELETE', path), 204);
  expectStatus(await client.arm('DELETE', path), 204);
  expectStatus(await client.arm('HEAD', path), 404);
  expectError(await client.arm('GET', path), 404, 'DeploymentNotFound', "Deployment 'one.(1)' could not be found.");
  expectStatus(await client.arm('GET', `${vaults}/kv-one`), 200);
});

test('the first resource that fails ends a deployment with its error', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { subscriptionId } = client.identity;
  const { ended, read } = await deploy(client, 'bad', {
    parameters: { p: { type: 'securestring', defaultValue: 'very-secret-word' } },
    resources: [
      vaultIn(client, 'kv-first'),
      vaultIn(
        client,
        'kv-second',
        { dependsOn: ['kv-first'] },
        { networkAcls: { ipRules: [{ value: "[parameters('p')]" }] } },
      ),
      vaultIn(client, 'kv-third', { dependsOn: ['kv-second'] }),
    ],
  });
  const target = `/subscriptions/${subscriptionId}${vaults}/kv-second`;
  const error = at(ended.body, 'error');
  assert.equal(at(ended.body, 'status'), 'Failed');
  assert.equal(at(error, 'code'), 'DeploymentFailed');
  assert.equal(
    at(error, 'message'),
    'At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.',
  );
  assert.equal(at(error, 'details', 0, 'code'), 'BadRequest');
  assert.equal(at(error, 'details', 0, 'target'), target);
  assert.match(String(at(error, 'details', 0, 'message')), /networkAcls\.ipRules\[0\]\.value: "\*{5}" is neither/);
  assert.deepEqual(at(read.body, 'properties', 'error'), error);
  assert.equal(at(read.body, 'properties', 'provisioningState'), 'Failed');
  expectStatus(await client.arm('GET', `${vaults}/kv-first`), 200);
  expectStatus(await client.arm('GET', `${vaults}/kv-third`), 404);
  const operations = await client.arm('GET', `${deployments}/bad/operations`);
  assert.equal(at(operations.body, 'value', 1, 'properties', 'provisioningState'), 'Failed');
  assert.ok(!JSON.stringify([auditLog(world), operations.body, read.body]).includes('very-secret-word'));
});

test('an expression that cannot be evaluated in its turn fails the deployment', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { ended } = await deploy(client, 'late', {
    resources: [networkIn('net'), vaultIn(client, 'kv-late', { tags: { x: "[reference('net').nothing]" } })],
  });
  assert.equal(at(ended.body, 'error', 'details', 0, 'code'), 'InvalidTemplate');
  assert.match(
    String(at(ended.body, 'error', 'details', 0, 'message')),
    /expressions for resource '.*\/vaults\/kv-late'\. 'The language expression property 'nothing' doesn't exist/,
  );
});

test('the resources that a deployment refers to must exist, in its own subscription', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const other = '11111111-2222-4333-8444-555555555555';
  const rows: readonly (readonly [string, string, string])[] = [
    [`/subscriptions/${other}${vaults}/kv`, 'SubscriptionNotFound', `The subscription '${other}' could not be found.`],
    [
      `/subscriptions/${client.identity.subscriptionId}${vaults}/kv-none`,
      'ResourceNotFound',
      "The Resource 'Microsoft.KeyVault/vaults/kv-none' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    ],
  ];
  for (const [index, [id, code, message]] of rows.entries()) {
    const outputs = { o: { type: 'string', value: `[reference('${id}', '2023-07-01').vaultUri]` } };
    const { ended } = await deploy(client, `refer-${index}`, { outputs });
    assert.deepEqual(at(ended.body, 'error', 'details', 0), { code, message });
  }
});

test('a template that cannot be deployed is refused before anything is created', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const { subscriptionId } = client.identity;
  const vault = vaultIn(client, 'kv-never');
  const refused = async (parts: object, properties: object, code: string, message: string | RegExp) => {
    const answered = expectStatus(
      await put(client, 'never', { resources: [vault], ...parts }, { properties: { ...properties } }),
      400,
    );
    assert.equal(at(answered.body, 'error', 'code'), code);
    const found = String(at(answered.body, 'error', 'message'));
    if (typeof message === 'string') assert.equal(found, message);
    else assert.match(found, message);
    return answered;
  };
  await refused(
    { variables: { a: 1 }, resources: [{ ...vault, name: "[variables('b')]" }] },
    {},
    'InvalidTemplate',
    "Deployment template validation failed: 'The template variable 'b' is not found. Please see https://aka.ms/arm-syntax-variables for usage details.'.",
  );
  await refused(
    {},
    { mode: 'Complete' },
    'InvalidDeployment',
    "The deployment mode '\"Complete\"' is not supported: only 'Incremental' is. Delete the resources that the template leaves out yourself.",
  );
  await refused(
    {},
    { templateLink: { uri: 'https://example.com/t.json' } },
    'InvalidDeployment',
    "The deployment property 'templateLink' is not supported. This server does not follow links: send the JSON itself.",
  );
  await refused(
    {},
    { onErrorDeployment: { type: 'LastSuccessful' } },
    'InvalidDeployment',
    "The deployment property 'onErrorDeployment' is not supported. Leave it out.",
  );
  await refused(
    {},
    { debugSetting: { detailLevel: 'requestContent' } },
    'InvalidDeployment',
    /detailLevel' must be 'none'/,
  );
  await refused(
    {},
    { parameters: { a: 1 } },
    'InvalidDeployment',
    /^The value of deployment parameter 'a' is not valid: give \{"value": …\}/,
  );
  const storage = { type: 'Microsoft.Network/loadBalancers', apiVersion: '2023-01-01', name: 'x', location };
  const answered = await refused(
    { resources: [vault, storage] },
    {},
    'InvalidTemplateDeployment',
    /^The template deployment 'never' is not valid according to the validation procedure\. The tracking id is '[0-9a-f-]{36}'/,
  );
  assert.deepEqual(at(answered.body, 'error', 'details'), [
    {
      code: 'InvalidResourceType',
      target: `/subscriptions/${subscriptionId}${group}/providers/Microsoft.Network/loadBalancers/x`,
      message:
        "The resource type 'Microsoft.Network/loadBalancers' could not be found for api version '2023-01-01': this server has no such resources.",
    },
  ]);
  expectStatus(await client.arm('PUT', `${deployments}/${'n'.repeat(65)}`, bodyWith({})), 400);
  expectStatus(await client.arm('GET', `${deployments}/never`), 404);
  expectStatus(await client.arm('GET', `${vaults}/kv-never`), 404);
  expectError(
    await client.arm('PUT', '/resourceGroups/none/providers/Microsoft.Resources/deployments/x', bodyWith({})),
    404,
    'ResourceGroupNotFound',
    "Resource group 'none' could not be found.",
  );
  expectError(
    await client.arm('PUT', `${deployments}/never`, '{"properties": {"mode": "Incremental", templat: {}}}'),
    400,
    'InvalidRequestContent',
    'The request content was invalid and could not be deserialized: it is not a JSON object.',
  );
});

test('a caller who may not deploy, or not create a resource, is refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const stranger = await register(world);
  const token = await client.token('arm', stranger);
  const refused = await put(client, 'strange', { resources: [vaultIn(client, 'kv-strange')] }, { sent: { token } });
  assert.equal(expectStatus(refused, 403).body['error']?.['code'], 'AuthorizationFailed');
  assert.match(String(at(refused.body, 'error', 'message')), /'Microsoft\.Resources\/deployments\/write'/);
  expectStatus(await client.arm('GET', `${vaults}/kv-strange`), 404);
});

test("the Azure CLI's form of a body is accepted, with the comments of the file", async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const text = `{
    // A comment, "quoted".
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", /* and another */
    "contentVersion": "1.0.0.0",
    "parameters": { "name": { "type": "string" } },
    "variables": { "long": "[concat('a',
      '//b')]" },
    "resources": [ ${JSON.stringify({ ...vaultIn(client, "[parameters('name')]"), tags: { x: "[variables('long')]" } })} ]
  }`;
  const head = JSON.stringify({
    properties: { parameters: { name: { value: 'kv-cli, template:{}' } }, mode: 'incremental' },
  });
  const body = `${head.replace('kv-cli, template:{}', 'kv-cli').slice(0, -2)}, template:${text}}}`;
  expectStatus(await client.arm('POST', `${deployments}/cli/validate`, body), 200);
  const accepted = expectStatus(await client.arm('PUT', `${deployments}/cli`, body), 201);
  assert.equal(at(expectStatus(await followed(client, accepted), 200).body, 'status'), 'Succeeded');
  assert.equal(at((await client.arm('GET', `${vaults}/kv-cli`)).body, 'tags', 'x'), 'a//b');
  // Within a string the form has no meaning, and other operations refuse such a body.
  expectStatus(
    await client.arm('POST', `${deployments}/cli/validate`, `${head.slice(0, -2)}, template:${text}}}`),
    400,
  );
  expectStatus(await client.arm('PUT', `${vaults}/kv-x`, `{"location": "x", template:{}}`), 400);
});

test('validation finds the error that a deployment would have, and changes nothing', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const good = {
    resources: [vaultIn(client, 'kv-dry', {}, ruleOn("[reference('net').subnets[0].id]")), networkIn('net')],
  };
  const valid = expectStatus(await client.arm('POST', `${deployments}/dry/validate`, bodyWith(good)), 200);
  assert.equal(at(valid.body, 'properties', 'provisioningState'), 'Succeeded');
  assert.equal(
    at(valid.body, 'properties', 'validatedResources', 0, 'id').toString().endsWith('/virtualNetworks/net'),
    true,
  );
  const bad = { resources: [vaultIn(client, 'kv-dry', {}, ruleOn(subnetId(client, 'net', 'apps')))] };
  const refused = expectStatus(await client.arm('POST', `${deployments}/dry/validate`, bodyWith(bad)), 400);
  assert.equal(at(refused.body, 'error', 'code'), 'InvalidTemplateDeployment');
  assert.equal(at(refused.body, 'error', 'details', 0, 'code'), 'VirtualNetworkNotValid');
  assert.match(String(at(refused.body, 'error', 'details', 0, 'message')), /Error Code: SubnetNotFound/);
  expectStatus(await client.arm('GET', `${networks}/net`), 404);
  expectStatus(await client.arm('GET', `${vaults}/kv-dry`), 404);
  expectStatus(await client.arm('HEAD', `${deployments}/dry`), 404);
});

test('what-if shows which resources would be created, changed, kept and left alone', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const root = `/subscriptions/${client.identity.subscriptionId}`;
  const acls = (value: string) => ({ networkAcls: { defaultAction: 'Deny', bypass: 'None', ipRules: [{ value }] } });
  await deploy(client, 'first', {
    resources: [
      networkIn('net'),
      vaultIn(client, 'kv-same'),
      vaultIn(client, 'kv-changed', {}, acls('203.0.113.7')),
      vaultIn(client, 'kv-other'),
    ],
  });
  const next = {
    parameters: { tag: { type: 'securestring', defaultValue: 'secret-tag-value' } },
    resources: [
      networkIn('net'),
      vaultIn(client, 'kv-same'),
      vaultIn(client, 'kv-changed', { tags: { t: "[parameters('tag')]" } }, acls('203.0.113.8')),
      vaultIn(client, 'kv-new'),
      vaultIn(client, 'kv-not', { condition: false }),
    ],
  };
  const ask = async (settings: Readonly<Record<string, unknown>>) => {
    const answered = await client.arm('POST', `${deployments}/next/whatIf`, bodyWith(next, { properties: settings }));
    return expectStatus(answered, 200).body;
  };
  const whole = await ask({});
  const found = at(whole, 'properties', 'changes') as unknown as readonly (typeof whole)[];
  assert.deepEqual(
    found.map((change) => [String(change['resourceId']).replace(root, ''), change['changeType']]),
    [
      [`${networks}/net`, 'NoChange'],
      [`${vaults}/kv-same`, 'NoChange'],
      [`${vaults}/kv-changed`, 'Modify'],
      [`${vaults}/kv-new`, 'Create'],
      [`${vaults}/kv-other`, 'Ignore'],
    ],
  );
  assert.deepEqual(found[2]?.['delta'], [
    { path: 'tags.t', propertyChangeType: 'Create', after: '*****' },
    {
      path: 'properties.networkAcls.ipRules',
      propertyChangeType: 'Array',
      before: [{ value: '203.0.113.7' }],
      after: [{ value: '203.0.113.8' }],
      children: [{ path: '0.value', propertyChangeType: 'Modify', before: '203.0.113.7', after: '203.0.113.8' }],
    },
  ]);
  const ids = await ask({ whatIfSettings: { resultFormat: 'ResourceIdOnly' } });
  assert.deepEqual(at(ids, 'properties', 'changes', 2), {
    resourceId: `${root}${vaults}/kv-changed`,
    changeType: 'Deploy',
  });
  expectStatus(await client.arm('GET', `${vaults}/kv-new`), 404);
  const failed = await client.arm(
    'POST',
    `${deployments}/next/whatIf`,
    bodyWith({ resources: [vaultIn(client, 'kv-new', {}, acls('10.0.0.0/8'))] }),
  );
  assert.equal(at(expectStatus(failed, 200).body, 'status'), 'Failed');
  assert.match(String(at(failed.body, 'error', 'message')), /belongs to forbidden range/);
});

test('nested deployments: in other groups, with scopes of their own, and failing', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PUT', '/resourceGroups/other', { location }), 201);
  const nested = (name: string, properties: object, others: object = {}) => ({
    type: 'Microsoft.Resources/deployments',
    apiVersion: '2023-07-01',
    name,
    ...others,
    properties: { mode: 'Incremental', ...properties },
  });
  const inner = {
    expressionEvaluationOptions: { scope: 'inner' },
    parameters: { name: { value: "[parameters('inner')]" }, pw: { value: "[parameters('pw')]" } },
    template: template({
      parameters: { name: { type: 'string' }, pw: { type: 'string' } },
      resources: [vaultIn(client, "[parameters('name')]")],
      outputs: {
        uri: { type: 'string', value: "[reference(parameters('name')).vaultUri]" },
        where: { type: 'string', value: '[resourceGroup().name]' },
      },
    }),
  };
  const outer = {
    template: template({
      resources: [
        vaultIn(client, "[concat(parameters('inner'), '-out')]", {
          tags: { w: '[resourceGroup().name]', pw: "[parameters('pw')]" },
        }),
      ],
    }),
  };
  const parts = {
    parameters: {
      inner: { type: 'string', defaultValue: 'kv-in' },
      pw: { type: 'securestring', defaultValue: 'nested-secret' },
    },
    resources: [nested('in', inner, { resourceGroup: 'other' }), nested('out', outer, { dependsOn: ['in'] })],
    outputs: {
      uri: { type: 'string', value: "[reference('in').outputs.uri.value]" },
      where: { type: 'string', value: "[reference('in').outputs.where.value]" },
    },
  };
  const dry = expectStatus(await client.arm('POST', `${deployments}/all/whatIf`, bodyWith(parts)), 200);
  assert.equal(at(dry.body, 'status'), 'Succeeded', JSON.stringify(dry.body));
  const { read } = await deploy(client, 'all', parts);
  assert.equal(at(read.body, 'properties', 'provisioningState'), 'Succeeded', JSON.stringify(read.body));
  assert.deepEqual(at(read.body, 'properties', 'outputs'), {
    uri: { type: 'String', value: `${client.vaultOrigin('kv-in')}/` },
    where: { type: 'String', value: 'other' },
  });
  const others = '/resourceGroups/other/providers';
  expectStatus(await client.arm('GET', `${others}/Microsoft.KeyVault/vaults/kv-in`), 200);
  assert.equal(at((await client.arm('GET', `${vaults}/kv-in-out`)).body, 'tags', 'w'), 'rg');
  const kept = [
    await client.arm('GET', `${others}/Microsoft.Resources/deployments/in`),
    await client.arm('POST', `${deployments}/out/exportTemplate`),
  ];
  for (const answered of kept) assert.ok(!JSON.stringify(expectStatus(answered, 200).body).includes('nested-secret'));

  const bad = {
    template: template({ resources: [vaultIn(client, 'kv-bad', {}, { sku: { family: 'A', name: 'gold' } })] }),
  };
  const failed = await deploy(client, 'fails', {
    resources: [nested('bad', bad), vaultIn(client, 'kv-after', { dependsOn: ['bad'] })],
  });
  const details = at(failed.ended.body, 'error', 'details', 0);
  assert.equal(at(details, 'code'), 'ResourceDeploymentFailure');
  assert.equal(at(details, 'details', 0, 'code'), 'DeploymentFailed');
  assert.equal(at(details, 'details', 0, 'details', 0, 'code'), 'BadRequest');
  expectStatus(await client.arm('GET', `${vaults}/kv-after`), 404);
});

test('a deployment at the scope of the subscription creates groups, and deploys into them', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const path = '/providers/Microsoft.Resources/deployments/whole';
  const body = {
    location,
    properties: {
      mode: 'Incremental',
      template: {
        $schema: 'https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#',
        contentVersion: '1.0.0.0',
        resources: [
          {
            type: 'Microsoft.Resources/resourceGroups',
            apiVersion: '2022-09-01',
            name: 'made',
            location: '[deployment().location]',
          },
          {
            type: 'Microsoft.Resources/deployments',
            apiVersion: '2022-09-01',
            name: 'inside',
            resourceGroup: 'made',
            dependsOn: ['made'],
            properties: {
              mode: 'Incremental',
              expressionEvaluationOptions: { scope: 'inner' },
              template: template({ resources: [vaultIn(client, 'kv-whole')] }),
            },
          },
        ],
      },
    },
  };
  expectStatus(await client.arm('POST', `${path}/validate`, body), 200);
  const accepted = expectStatus(await client.arm('PUT', path, body), 201);
  const ended = expectStatus(await followed(client, accepted), 200);
  assert.equal(at(ended.body, 'status'), 'Succeeded', JSON.stringify(ended.body));
  expectStatus(await client.arm('GET', '/resourceGroups/made/providers/Microsoft.KeyVault/vaults/kv-whole'), 200);
  const { location: _, ...without } = body;
  const refused = expectStatus(await client.arm('PUT', path, without), 400);
  assert.match(String(at(refused.body, 'error', 'message')), /^The 'location' property is required/);
  assert.deepEqual(namesIn((await client.arm('GET', '/providers/Microsoft.Resources/deployments')).body), ['whole']);
});

test('a running deployment cannot be replaced, and stops when it is cancelled', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const many = Array.from({ length: 60 }, (_, index) => vaultIn(client, `kv-many-${index}`));
  const accepted = expectStatus(await put(client, 'many', { resources: many }), 201);
  const again = expectStatus(await put(client, 'many', { resources: many }), 409);
  assert.match(
    String(at(again.body, 'error', 'message')),
    /^Unable to edit or replace deployment 'many': previous deployment from '.*' is still active/,
  );
  expectStatus(await client.arm('DELETE', `${deployments}/many`), 409);
  expectStatus(await client.arm('POST', `${deployments}/many/cancel`), 204);
  const ended = await followed(client, accepted);
  assert.equal(at(ended.body, 'status'), 'Canceled');
  const read = await client.arm('GET', `${deployments}/many`);
  assert.equal(at(read.body, 'properties', 'provisioningState'), 'Canceled');
  const made = namesIn((await client.arm('GET', vaults)).body).length;
  assert.ok(made < 60, `${made} were made`);
  await sleep(50);
  assert.equal(namesIn((await client.arm('GET', vaults)).body).length, made);
  // Its operations do not exist once it is deleted.
  expectStatus(await client.arm('DELETE', `${deployments}/many`), 204);
});

test('after a crash a deployment has failed, and a deletion continues', async () => {
  using folder = dataFolder();
  let operation = '';
  let deletion = '';
  {
    await using postern = await startPostern(['--data', folder.path, '--no-demo']);
    const { client } = postern;
    for (const name of ['rg', 'gone'])
      expectStatus(await client.arm('PUT', `/resourceGroups/${name}`, { location }), 201);
    const gone = '/resourceGroups/gone/providers/Microsoft.KeyVault/vaults';
    for (let index = 0; index < 30; index += 1) {
      expectStatus(await client.arm('PUT', `${gone}/kv-gone-${index}`, vaultBody(client)), 200);
    }
    const many = Array.from({ length: 200 }, (_, index) => vaultIn(client, `kv-crash-${index}`));
    const secret = { p: { type: 'securestring', defaultValue: 'lost-with-the-process' } };
    operation = new URL(
      String(
        expectStatus(await put(client, 'crash', { parameters: secret, resources: many }), 201).headers[
          'azure-asyncoperation'
        ],
      ),
    ).pathname;
    deletion = new URL(String(expectStatus(await client.arm('DELETE', '/resourceGroups/gone'), 202).headers.location))
      .pathname;
    await postern.end('SIGKILL');
  }
  await using postern = await startPostern(['--data', folder.path, '--no-demo']);
  const { client } = postern;
  const asked = (path: string) => `${client.home}${path}?api-version=2023-07-01`;
  const failed = await followed(client, { status: 201, headers: { location: asked(operation) }, body: {} as never });
  assert.equal(at(failed.body, 'status'), 'Failed', JSON.stringify(failed.body));
  assert.equal(at(failed.body, 'error', 'details', 0, 'code'), 'DeploymentInterrupted');
  const read = await client.arm('GET', `${deployments}/crash`);
  assert.equal(at(read.body, 'properties', 'provisioningState'), 'Failed');
  const deleted = await followed(client, { status: 202, headers: { location: asked(deletion) }, body: {} as never });
  expectStatus(deleted, 200);
  expectStatus(await client.arm('GET', '/resourceGroups/gone'), 404);
  const left = await client.arm('GET', '/providers/Microsoft.KeyVault/deletedVaults');
  assert.equal(namesIn(left.body).length, 30);
});
