import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { putVault } from '../data-plane/vaults.ts';
import { notRun } from '../not-run.ts';
import { dataFolder } from '../world/process.ts';
import type { TestServer } from '../world/server.ts';
import { at, expectStatus, group, json, networks, startWithGroup } from './resources.ts';

const what = 'the Azure CLI deploys a template with a Key Vault reference, previews it, and deletes the group';

/** The files of the CLI about a registered cloud, and about the one in use. */
function configure(folder: string, { client, port }: TestServer): void {
  const endpoints = [
    'management',
    'resource_manager',
    'active_directory',
    'active_directory_resource_id',
    'active_directory_graph_resource_id',
    'microsoft_graph_resource_id',
  ].map((name) => `endpoint_${name} = ${client.home}`);
  const cloud = ['[Here]', ...endpoints, `suffix_keyvault_dns = .vault.localhost:${port}`, ''];
  writeFileSync(join(folder, 'clouds.config'), cloud.join('\n'));
  writeFileSync(join(folder, 'config'), '[cloud]\nname = Here\n');
}

/** A template file with comments and line breaks in strings, which JSON does not allow. */
const template = `{
  // The comment stays in what the CLI sends.
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "word": { "type": "securestring" }, "name": { "type": "string" } },
  "resources": [
    {
      "type": "Microsoft.Network/virtualNetworks", /* a network */
      "apiVersion": "2023-07-01",
      "name": "[parameters('name')]",
      "location": "[resourceGroup().location]",
      "tags": { "length": "[string(length(parameters('word')))]" },
      "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } }
    }
  ],
  "outputs": { "id": { "type": "string", "value": "[resourceId('Microsoft.Network/virtualNetworks', parameters('name'))]" } }
}
`;

if (spawnSync('az', ['version'], { stdio: 'ignore' }).error !== undefined) {
  notRun(what, "there is no az here; install Debian's azure-cli");
} else {
  test(what, async () => {
    await using world = await startWithGroup();
    using folder = dataFolder();
    const { client } = world;
    const { subscriptionId, tenantId, clientId, clientSecret } = client.identity;
    await putVault(client, 'kv-az', { enabledForTemplateDeployment: true });
    expectStatus(await client.vault('kv-az', 'PUT', '/secrets/word', { body: { value: 'secret-of-az' } }), 200);
    configure(folder.path, world);
    const file = (name: string, text: string) => {
      const path = join(folder.path, name);
      writeFileSync(path, text);
      return path;
    };
    const id = `/subscriptions/${subscriptionId}${group}/providers/Microsoft.KeyVault/vaults/kv-az`;
    const word = { reference: { keyVault: { id }, secretName: 'word' } };
    const templateFile = file('template.json', template);
    const parametersFile = file('parameters.json', JSON.stringify({ contentVersion: '1.0.0.0', parameters: { word } }));
    const certificate = join(world.folder.path, 'ca.pem');
    const env = {
      ...process.env,
      AZURE_CONFIG_DIR: folder.path,
      AZURE_CLOUD_NAME: 'Here',
      AZURE_CORE_INSTANCE_DISCOVERY: 'false',
      AZURE_CORE_COLLECT_TELEMETRY: 'false',
      REQUESTS_CA_BUNDLE: certificate,
      SSL_CERT_FILE: certificate,
    };
    const az = async (...given: readonly string[]) =>
      (await promisify(execFile)('az', given, { env, timeout: 55_000 })).stdout;
    await az('login', '--service-principal', '-u', clientId, '-p', clientSecret, '--tenant', tenantId, '-o', 'none');
    const deployment = ['-g', 'rg', '-n', 'from-az', '-f', templateFile, '-p', parametersFile, '-p', 'name=net-az'];
    const preview = await az('deployment', 'group', 'what-if', ...deployment);
    assert.match(preview, /\+ Microsoft\.Network\/virtualNetworks\/net-az/);
    assert.match(preview, /Resource changes: 1 to create, 1 to ignore\./);
    expectStatus(await client.arm('GET', `${networks}/net-az`), 404);
    const made = json(JSON.parse(await az('deployment', 'group', 'create', ...deployment)));
    assert.equal(at(made, 'properties', 'provisioningState'), 'Succeeded');
    assert.deepEqual(at(made, 'properties', 'parameters', 'word'), { type: 'SecureString' });
    const networkId = `/subscriptions/${subscriptionId}${networks}/net-az`;
    assert.equal(at(made, 'properties', 'outputs', 'id', 'value'), networkId);
    const network = expectStatus(await client.arm('GET', `${networks}/net-az`), 200);
    assert.equal(at(network.body, 'tags', 'length'), String('secret-of-az'.length));
    await az('group', 'delete', '-n', 'rg', '--yes');
    expectStatus(await client.arm('GET', group), 404);
  });
}
