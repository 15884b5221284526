/** Run by `sdk.test.ts`: the official clients of a vault's child resources. The vault `kv-below` already exists. */
import assert from 'node:assert/strict';
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { MonitorClient } from '@azure/arm-monitor';
import { credential, names, options, subscriptionId } from './connection.ts';

const { secrets, keys, privateLinkResources, operations } = new KeyVaultManagementClient(
  credential,
  subscriptionId,
  options,
);
const { diagnosticSettings, diagnosticSettingsCategory } = new MonitorClient(credential, subscriptionId, options);
const group = `/subscriptions/${subscriptionId}/resourceGroups/rg`;
const vault = `${group}/providers/Microsoft.KeyVault/vaults/kv-below`;

const storageAccountId = `${group}/providers/Microsoft.Storage/storageAccounts/seclogs`;
const made = await diagnosticSettings.createOrUpdate(vault, 'service', {
  storageAccountId,
  logs: [{ category: 'AuditEvent', enabled: true }],
});
assert.deepEqual([made.name, made.storageAccountId], ['service', storageAccountId]);
assert.equal((await diagnosticSettings.get(vault, 'service')).logs?.[0]?.enabled, true);
assert.deepEqual(
  (await diagnosticSettings.list(vault)).value?.map(({ name }) => name),
  ['service'],
);
const categories = (await diagnosticSettingsCategory.list(vault)).value?.map(({ name }) => name);
assert.deepEqual(categories, ['AuditEvent', 'AzurePolicyEvaluationDetails', 'AllMetrics']);
const one = await diagnosticSettingsCategory.get(vault, 'auditevent');
assert.deepEqual([one.name, one.categoryType], ['AuditEvent', 'Logs']);
await assert.rejects(diagnosticSettingsCategory.get(vault, 'AuditEvents'), {
  statusCode: 404,
  code: 'ResourceNotFound',
});
await diagnosticSettings.delete(vault, 'service');
await assert.rejects(diagnosticSettings.get(vault, 'service'), { statusCode: 404, code: 'ResourceNotFound' });

const expires = new Date(1_893_456_000_000);
const secret = await secrets.createOrUpdate('rg', 'kv-below', 'word', {
  properties: { value: 'xyzzy', attributes: { enabled: true, expires } },
});
assert.deepEqual([secret.name, secret.properties.value], ['word', undefined]);
assert.deepEqual(secret.properties.attributes?.expires, expires);
const updated = await secrets.update('rg', 'kv-below', 'word', { properties: { contentType: 'text/plain' } });
assert.equal(updated.properties.secretUriWithVersion, secret.properties.secretUriWithVersion);
assert.equal((await secrets.get('rg', 'kv-below', 'word')).properties.contentType, 'text/plain');
assert.deepEqual(await names(secrets.list('rg', 'kv-below')), ['word']);

const key = await keys.createIfNotExist('rg', 'kv-below', 'k', { properties: { kty: 'EC', curveName: 'P-384' } });
const version = String(key.keyUriWithVersion?.split('/').at(-1));
assert.equal(key.curveName, 'P-384');
const again = await keys.createIfNotExist('rg', 'kv-below', 'k', { properties: { kty: 'RSA' } });
assert.deepEqual([again.kty, again.keyUriWithVersion], ['EC', key.keyUriWithVersion]);
assert.equal((await keys.get('rg', 'kv-below', 'k')).keyUriWithVersion, key.keyUriWithVersion);
assert.deepEqual(await names(keys.list('rg', 'kv-below')), ['k']);
assert.deepEqual(await names(keys.listVersions('rg', 'kv-below', 'k')), [version]);
assert.equal((await keys.getVersion('rg', 'kv-below', 'k', version)).kty, 'EC');
await assert.rejects(keys.get('rg', 'kv-below', 'absent'), { statusCode: 404, code: 'NotFound' });

const { value } = await privateLinkResources.listByVault('rg', 'kv-below');
assert.deepEqual([value?.[0]?.name, value?.[0]?.groupId], ['vault', 'vault']);

const actions = new Set(await names(operations.list()));
for (const action of [
  'locations/deletedVaults/purge/action',
  'vaults/write',
  'vaults/secrets/read',
  'vaults/deploy/action',
]) {
  assert.ok(actions.has(`Microsoft.KeyVault/${action}`), action);
}
assert.ok([...actions].every((action) => action?.startsWith('Microsoft.KeyVault/')));
process.stdout.write('done\n');
