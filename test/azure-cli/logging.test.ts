import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { at, json } from '../control-plane/resources.ts';
import { notRun } from '../not-run.ts';
import type { Json } from '../world/client.ts';
import { until } from '../world/process.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { azIsInstalled, refused, signedIn, typed } from './az.ts';

/** Debian's package lacks what `az monitor` needs; see the shim. */
const environment = { PYTHONPATH: join(import.meta.dirname, 'shim') };

const createSetting =
  'monitor diagnostic-settings create --name logs --logs [{"category":"AuditEvent","enabled":true}]';

function copied({ folder }: TestServer, account: string): readonly Json[] {
  const container = join(folder.storageDirectory, account, 'insights-logs-auditevent');
  if (!existsSync(container)) return [];
  const files = readdirSync(container, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  // A line that is being written has no end yet.
  const lines = files.flatMap((file) => readFileSync(join(container, file), 'utf8').split('\n').slice(0, -1));
  return lines.map((line) => json(JSON.parse(line)));
}

function runSuite(): void {
  test("the document's first step: an account, a setting, and a denied read in the account's copy", async () => {
    await using world = await startServer();
    using az = await signedIn(world, environment);
    const create = 'storage account create --name seclogs --resource-group monitored --location westeurope';
    await typed(az, 'group create --name monitored --location westeurope');
    const account = await typed(az, `${create} --sku Standard_LRS`);
    assert.equal(at(account, 'provisioningState'), 'Succeeded');
    assert.match(
      await refused(az, create.replace('seclogs', 'Sec-Logs')),
      /Sec-Logs is not a valid storage account name/,
    );
    const vault = await typed(
      az,
      'keyvault create --name kv-logged --resource-group monitored --location westeurope --default-action Deny',
    );
    const [resource, storageAccount] = [String(vault['id']), String(account['id'])];
    const setting = await typed(az, `${createSetting} --resource ${resource} --storage-account ${storageAccount}`);
    assert.equal(at(setting, 'storageAccountId'), storageAccount);
    const denied = await world.client.vault('kv-logged', 'GET', '/secrets/greeting', { from: '127.0.0.7' });
    assert.equal(denied.status, 403);
    const isDenial = (record: Json) =>
      at(record, 'operationName') === 'SecretGet' && at(record, 'callerIpAddress') === '203.0.113.7';
    await until(() => copied(world, 'seclogs').some(isDenial), 'the denied read in the account');
    const record = copied(world, 'seclogs').find(isDenial);
    assert.equal(at(record, 'properties', 'isAddressAuthorized'), false);
    assert.equal(at(record, 'resultSignature'), 'Forbidden');
  });

  test('the other destinations can be made, and a setting that names one is refused', async () => {
    await using world = await startServer();
    using az = await signedIn(world, environment);
    await typed(az, 'group create --name monitored --location westeurope');
    const workspace = await typed(az, 'monitor log-analytics workspace create -g monitored -n sec-logs');
    assert.match(String(at(workspace, 'customerId')), /^[0-9a-f-]{36}$/);
    await typed(az, 'eventhubs namespace create -g monitored -n sec-events -l westeurope');
    const hub = await typed(az, 'eventhubs eventhub create -g monitored --namespace-name sec-events -n vaults');
    assert.equal(at(hub, 'name'), 'vaults');
    await typed(az, 'storage account create -n seclogs -g monitored -l westeurope');
    assert.equal(at(await typed(az, 'storage account keys list -n seclogs -g monitored'), 0, 'keyName'), 'key1');
    const blob = 'storage account blob-service-properties';
    const kept = `${blob} update -n seclogs -g monitored --enable-delete-retention true --delete-retention-days 9`;
    assert.equal(at(await typed(az, kept), 'deleteRetentionPolicy', 'days'), 9);
    assert.equal(at(await typed(az, `${blob} show -n seclogs -g monitored`), 'deleteRetentionPolicy', 'days'), 9);
    const vault = await typed(az, 'keyvault create --name kv-logged --resource-group monitored --location westeurope');
    const [resource, sink] = [String(vault['id']), String(workspace['id'])];
    assert.match(
      await refused(az, `${createSetting} --resource ${resource} --workspace ${sink}`),
      /properties\.workspaceId is not supported: records are sent to a storage account \(storageAccountId\)/,
    );
  });
}

if (azIsInstalled()) suite('the Azure CLI, logging', { concurrency: 1 }, runSuite);
else notRun('the Azure CLI makes what logs are sent to', 'az is not installed (Debian: apt-get install azure-cli)');
