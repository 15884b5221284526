/**
 * Run by `sdk.test.ts`: the official client puts, merges, replaces and deletes tags at each kind of scope. The group
 * `rg` and the vault `kv-tags` in it already exist.
 */
import assert from 'node:assert/strict';
import { ResourceManagementClient } from '@azure/arm-resources';
import { ClientSecretCredential } from '@azure/identity';

const setting: unknown = JSON.parse(process.env['POSTERN_TEST'] ?? '{}');
const settingOf = (name: string) => String(Reflect.get(Object(setting), name));
const home = settingOf('home');
const subscriptionId = settingOf('subscriptionId');
const credential = new ClientSecretCredential(settingOf('tenantId'), settingOf('clientId'), settingOf('clientSecret'), {
  authorityHost: home,
  disableInstanceDiscovery: true,
});
const options = { endpoint: home, credentialScopes: [`${home}/.default`] };
const { tagsOperations } = new ResourceManagementClient(credential, subscriptionId, options);

const subscription = `subscriptions/${subscriptionId}`;
const group = `${subscription}/resourceGroups/rg`;
for (const scope of [subscription, group, `${group}/providers/Microsoft.KeyVault/vaults/kv-tags`]) {
  const put = await tagsOperations.beginCreateOrUpdateAtScopeAndWait(scope, {
    properties: { tags: { Env: 'test', team: 'red' } },
  });
  assert.deepEqual(
    [put.id, put.name, put.type, put.properties.tags],
    [
      `/${scope}/providers/Microsoft.Resources/tags/default`,
      'default',
      'Microsoft.Resources/tags',
      { Env: 'test', team: 'red' },
    ],
  );
  const update = async (operation: string, tags: Record<string, string>) => {
    const patched = await tagsOperations.beginUpdateAtScopeAndWait(scope, { operation, properties: { tags } });
    return patched.properties.tags;
  };
  assert.deepEqual(await update('Merge', { ENV: 'prod', cost: '7' }), { Env: 'prod', team: 'red', cost: '7' });
  assert.deepEqual(await update('Delete', { team: 'blue', Cost: '7' }), { Env: 'prod', team: 'red' });
  assert.deepEqual(await update('Replace', { only: 'one' }), { only: 'one' });
  assert.deepEqual((await tagsOperations.getAtScope(scope)).properties.tags, { only: 'one' });
  await tagsOperations.beginDeleteAtScopeAndWait(scope);
  assert.deepEqual((await tagsOperations.getAtScope(scope)).properties.tags, {});
}
process.stdout.write('done\n');
