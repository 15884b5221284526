import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Client } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import { until } from '../world/process.ts';
import { expectError, expectStatus, namesIn, putVault, startWithGroup, vaults } from './resources.ts';

const insights = `${vaults}/kv-logged/providers/Microsoft.Insights`;
const settings = `${insights}/diagnosticSettings`;
const auditEvent = { category: 'AuditEvent', enabled: true };

async function startWithVault() {
  const world = await startWithGroup();
  expectStatus(await putVault(world.client, 'kv-logged', everything(world.client)), 200);
  return { world, client: world.client };
}

function everything({ identity }: Client) {
  const { tenantId, objectId } = identity;
  return { accessPolicies: [{ tenantId, objectId, permissions: { secrets: ['all'] } }] };
}

function account({ identity }: Client, name = 'seclogs'): string {
  return `/subscriptions/${identity.subscriptionId}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/${name}`;
}

function put(client: Client, name: string, properties: object) {
  return client.arm('PUT', `${settings}/${name}`, { properties });
}

/** The records in a storage account's blobs, which have Azure's paths. */
function exported({ folder, client }: TestServer, name: string): readonly Record<string, unknown>[] {
  const id = `/subscriptions/${client.identity.subscriptionId}${vaults}/kv-logged`.toUpperCase();
  const container = join(folder.storageDirectory, name, 'insights-logs-auditevent');
  if (!existsSync(container)) return [];
  const files = readdirSync(container, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  return files.flatMap((file) => {
    assert.equal(file.startsWith(`resourceId=${id}/`), true, file);
    assert.match(file.slice(`resourceId=${id}`.length), /^\/y=\d{4}\/m=\d\d\/d=\d\d\/h=\d\d\/m=00\/PT1H\.json$/);
    // The last one may still be written.
    const lines = readFileSync(join(container, file), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  });
}

test("a setting is returned in Azure's form, and does not exist once it is deleted", async () => {
  const { world, client } = await startWithVault();
  await using _ = world;
  const retentionPolicy = { enabled: false, days: 0 };
  const created = expectStatus(
    await put(client, 'service', {
      storageAccountId: account(client),
      workspaceId: null,
      logs: [{ ...auditEvent, retentionPolicy }],
      metrics: [{ category: 'AllMetrics', enabled: false }],
    }),
    200,
  );
  assert.deepEqual(created.body, {
    id: `/subscriptions/${client.identity.subscriptionId}${vaults}/kv-logged/providers/microsoft.insights/diagnosticSettings/service`,
    type: 'Microsoft.Insights/diagnosticSettings',
    name: 'service',
    location: null,
    kind: null,
    tags: null,
    properties: {
      storageAccountId: account(client),
      serviceBusRuleId: null,
      workspaceId: null,
      eventHubAuthorizationRuleId: null,
      eventHubName: null,
      metrics: [{ category: 'AllMetrics', enabled: false, timeGrain: null, retentionPolicy }],
      logs: [{ category: 'AuditEvent', categoryGroup: null, enabled: true, retentionPolicy }],
      logAnalyticsDestinationType: null,
    },
    identity: null,
  });
  const again = expectStatus(await client.arm('GET', `${settings.toLowerCase()}/SERVICE`), 200);
  assert.deepEqual(again.body, created.body);
  // The answer can be sent back unchanged, as clients like Terraform do.
  expectStatus(await client.arm('PUT', `${settings}/service`, again.body), 200);
  assert.deepEqual(namesIn(expectStatus(await client.arm('GET', settings), 200).body), ['service']);
  expectStatus(await client.arm('DELETE', `${settings}/service`), 200);
  expectStatus(await client.arm('DELETE', `${settings}/service`), 204);
  assert.deepEqual(namesIn(expectStatus(await client.arm('GET', settings), 200).body), []);
  const type = 'Microsoft.KeyVault/vaults/kv-logged/providers/Microsoft.Insights/diagnosticSettings';
  const message =
    `The Resource '${type}/service' under resource group 'rg' was not found. ` +
    'For more details please go to https://aka.ms/ARMResourceNotFoundFix';
  expectError(await client.arm('GET', `${settings}/service`), 404, 'ResourceNotFound', message);
});

test('the categories are those of a vault', async () => {
  const { world, client } = await startWithVault();
  await using _ = world;
  const listed = expectStatus(await client.arm('GET', `${insights}/diagnosticSettingsCategories`), 200);
  assert.deepEqual(namesIn(listed.body), ['AuditEvent', 'AzurePolicyEvaluationDetails', 'AllMetrics']);
});

test('a setting that could not work is refused, with the remedy', async () => {
  const { world, client } = await startWithVault();
  await using _ = world;
  const storageAccountId = account(client);
  const logs = [auditEvent];
  const retention = { enabled: true, days: 90 };
  const refused: readonly (readonly [object, string])[] = [
    [{ logs }, 'At least one data sink needs to be specified: give storageAccountId.'],
    [
      { logs, storageAccountId, workspaceId: '/subscriptions/s/resourceGroups/rg/providers/x/workspaces/w' },
      "properties.workspaceId is not supported: records are sent to a storage account (storageAccountId) or a collector of OpenTelemetry (marketplacePartnerId) only. Leave it out; every record is also in the server's own audit log.",
    ],
    [
      { logs, storageAccountId: account(client, '..') },
      `properties.storageAccountId is '${account(client, '..')}'; it must be the id of a storage account, /subscriptions/…/resourceGroups/…/providers/Microsoft.Storage/storageAccounts/….`,
    ],
    [{ storageAccountId }, 'At least one log or metric needs to be specified.'],
    [
      { storageAccountId, logs: [{ category: 'Audit', enabled: true }] },
      "Category 'Audit' is not supported. Supported are AuditEvent, AzurePolicyEvaluationDetails.",
    ],
    [
      { storageAccountId, logs: [{ category: 'AuditEvent', categoryGroup: 'audit', enabled: true }] },
      'A log setting must have either a category or a categoryGroup.',
    ],
    [{ storageAccountId, logs: [{ enabled: true }] }, 'A log setting must have either a category or a categoryGroup.'],
    [
      { storageAccountId, logs: [auditEvent, { categoryGroup: 'allLogs', enabled: true }] },
      'A setting must have either categories of logs or groups of them.',
    ],
    [
      { storageAccountId, logs: [{ ...auditEvent, retentionPolicy: retention }] },
      "'retentionPolicy' with 'enabled' is not supported: nothing is ever removed from the storage account by this server. Leave it out.",
    ],
    [
      { storageAccountId, logs, metrics: [{ category: 'AllMetrics', enabled: true }] },
      "This server has no metrics to send: set 'enabled' of AllMetrics to false, or leave it out.",
    ],
  ];
  for (const [properties, message] of refused) {
    expectError(await put(client, 'service', properties), 400, 'BadRequest', message);
  }
  assert.deepEqual(namesIn(expectStatus(await client.arm('GET', settings), 200).body), []);
});

test('two settings cannot send one category to the same account, and a vault has at most five', async () => {
  const { world, client } = await startWithVault();
  await using _ = world;
  const logs = [auditEvent];
  const storageAccountId = account(client);
  expectStatus(await put(client, 'first', { storageAccountId, logs }), 200);
  const groups = [{ categoryGroup: 'audit', enabled: true }];
  const message =
    `Data sink '${storageAccountId}' is already used in diagnostic setting 'first' for category 'AuditEvent'. ` +
    `Data sinks can't be reused in different settings on the same category for the same resource.`;
  expectError(await put(client, 'second', { storageAccountId, logs: groups }), 409, 'Conflict', message);
  const disabled = [{ ...auditEvent, enabled: false }];
  expectStatus(await put(client, 'second', { storageAccountId, logs: disabled }), 200);
  for (const name of ['third', 'fourth', 'fifth']) {
    expectStatus(await put(client, name, { storageAccountId: account(client, name), logs }), 200);
  }
  const tooMany = 'A resource can have at most 5 diagnostic settings; delete one that is not needed.';
  const sixth = await put(client, 'sixth', { storageAccountId: account(client, 'sixth'), logs });
  expectError(sixth, 400, 'BadRequest', tooMany);
});

test("a vault's records appear in the storage account, those of changes, reads and denials", async () => {
  const { world, client } = await startWithVault();
  await using _ = world;
  expectStatus(await client.vault('kv-logged', 'PUT', '/secrets/before', { body: { value: 'a' } }), 200);
  assert.deepEqual(exported(world, 'seclogs'), []);
  expectStatus(await put(client, 'service', { storageAccountId: account(client), logs: [auditEvent] }), 200);
  expectStatus(await client.vault('kv-logged', 'PUT', '/secrets/after', { body: { value: 'b' } }), 200);
  expectStatus(await client.vault('kv-logged', 'GET', '/secrets/after'), 200);
  const networkAcls = { defaultAction: 'Deny', bypass: 'None' };
  expectStatus(await client.arm('PATCH', `${vaults}/kv-logged`, { properties: { networkAcls } }), 200);
  expectStatus(await client.vault('kv-logged', 'GET', '/secrets/after', { from: '127.0.0.9' }), 403);
  const ours = () => exported(world, 'seclogs').map((record) => record['operationName']);
  const isDenied = (record: Record<string, unknown>) => record['resultSignature'] === 'Forbidden';
  await until(
    () => ours().includes('VaultPatch') && exported(world, 'seclogs').some(isDenied),
    'the export of the records',
  );
  const records = exported(world, 'seclogs');
  const denied = records.find(isDenied);
  assert.equal(denied?.['operationName'], 'SecretGet');
  assert.equal(denied['callerIpAddress'], '203.0.113.9');
  const names = new Set(records.map((record) => record['operationName']));
  for (const name of ['SecretSet', 'SecretGet', 'VaultPatch']) assert.ok(names.has(name), name);

  expectStatus(await client.arm('DELETE', `${settings}/service`), 200);
  expectStatus(await client.arm('GET', `${vaults}/kv-logged`), 200);
  await world.server.close();
  assert.equal(ours().includes('VaultGet'), false);
});
