/** Run by `sdk.test.ts`: the official deployments client, as applications use it. */
import assert from 'node:assert/strict';
import { ResourceManagementClient } from '@azure/arm-resources';
import { DeploymentsClient } from '@azure/arm-resourcesdeployments';
import { credential, home, names, options, subscriptionId } from './connection.ts';

const scopes = { endpoint: home, credentials: { scopes: [`${home}/.default`] } };
const { deployments, deploymentOperations } = new DeploymentsClient(credential, subscriptionId, scopes);
const { resourceGroups } = new ResourceManagementClient(credential, subscriptionId, options);

const template = {
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  parameters: { name: { type: 'string' } },
  resources: [
    {
      type: 'Microsoft.KeyVault/vaults',
      apiVersion: '2023-07-01',
      name: "[parameters('name')]",
      location: '[resourceGroup().location]',
      properties: { tenantId: '[subscription().tenantId]', sku: { family: 'A', name: 'standard' }, accessPolicies: [] },
    },
  ],
  outputs: { uri: { type: 'string', value: "[reference(parameters('name')).vaultUri]" } },
};
const properties = (name: string) =>
  ({ properties: { mode: 'Incremental', template, parameters: { name: { value: name } } } }) as const;

const valid = await deployments.validate('rg', 'sdk', properties('kv-sdk-deployed'));
assert.equal(valid.properties?.provisioningState, 'Succeeded');
const whatIf = await deployments.whatIf('rg', 'sdk', properties('kv-sdk-deployed'));
assert.deepEqual(
  whatIf.changes?.map(({ changeType }) => changeType),
  ['Create'],
);

const made = await deployments.createOrUpdate('rg', 'sdk', properties('kv-sdk-deployed'));
assert.equal(made.properties?.provisioningState, 'Succeeded');
assert.match(
  String(Reflect.get(Object(Reflect.get(Object(made.properties?.outputs), 'uri')), 'value')),
  /^https:\/\/kv-sdk-deployed\.vault\./,
);
const again = await deployments.whatIf('rg', 'sdk', properties('kv-sdk-deployed'));
assert.deepEqual(
  again.changes?.map(({ changeType }) => changeType),
  ['NoChange'],
);

assert.equal((await deployments.get('rg', 'sdk')).name, 'sdk');
assert.equal((await deployments.checkExistence('rg', 'sdk')).body, true);
assert.equal((await deployments.checkExistence('rg', 'none')).body, false);
assert.deepEqual(await names(deployments.listByResourceGroup('rg')), ['sdk']);
assert.deepEqual((await deployments.exportTemplate('rg', 'sdk')).template, template);
const states: (string | undefined)[] = [];
for await (const operation of deploymentOperations.list('rg', 'sdk'))
  states.push(operation.properties?.provisioningState);
assert.deepEqual(states, ['Succeeded']);

await assert.rejects(deployments.createOrUpdate('rg', 'bad', properties('not a vault name')), (error) => {
  assert.match(String(Reflect.get(Object(error), 'message')), /At least one resource deployment operation failed/);
  return true;
});
await assert.rejects(deployments.createOrUpdate('rg', 'bad', { properties: { mode: 'Incremental', template: {} } }), {
  statusCode: 400,
  code: 'InvalidTemplate',
});
await assert.rejects(deployments.cancel('rg', 'sdk'), { statusCode: 409 });
await deployments.delete('rg', 'sdk');
assert.equal((await deployments.checkExistence('rg', 'sdk')).body, false);

// Deletes the group with its resources, as a long-running operation.
await resourceGroups.beginDeleteAndWait('rg', { updateIntervalInMs: 20 });
assert.equal((await resourceGroups.checkExistence('rg')).body, false);
process.stdout.write('done\n');
