import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Answered, Client, Json } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { armVersion, at, expectStatus, followed, json, location, putNetwork, subnetId, vaults } from './resources.ts';

/**
 * The requests of Terraform's provider azurerm 4 in its order (hashicorp/terraform-provider-azurerm
 * `key_vault_resource.go` and `storage_account_resource.go`, hashicorp/go-azure-sdk `sdk/environments`), and its use of
 * the answers: a plan has no change if it reads what was configured. The provider itself is not run.
 */

/** A block `network_acls`, as a configuration has it. */
interface NetworkAcls {
  readonly bypass: string;
  readonly default_action: string;
  readonly ip_rules?: readonly string[];
  readonly virtual_network_subnet_ids?: readonly string[];
}

const vaultVersion = '2023-07-01';
const storageVersion = '2023-05-01';
const vault = `${vaults}/kv-terraform`;

function ask(client: Client, method: string, path: string, body?: unknown, version = vaultVersion) {
  return armVersion(client, { method, path, version, ...(body !== undefined && { body }) });
}

/** The answers from which the provider configures itself. */
async function configure({ home, send, token, identity }: Client): Promise<Json> {
  const { body } = expectStatus(await send(`${home}/metadata/endpoints?api-version=2022-09-01`), 200);
  for (const member of ['name', 'resourceManager', 'microsoftGraphResourceId']) assert.notEqual(at(body, member), '');
  for (const suffix of ['keyVaultDns', 'storage', 'acrLoginServer', 'sqlServerHostname']) {
    assert.match(String(at(body, 'suffixes', suffix)), new RegExp(`\\.${new URL(home).host}$`), suffix);
  }
  const sent = { token: await token('arm') };
  const providers = `${home}/subscriptions/${identity.subscriptionId}/providers`;
  expectStatus(await send(`${providers}?api-version=2022-09-01`, sent), 200);
  for (const provider of ['Microsoft.KeyVault', 'Microsoft.Storage', 'Microsoft.OperationalInsights']) {
    const registered = await send(`${providers}/${provider}/register?api-version=2022-09-01`, {
      ...sent,
      method: 'POST',
    });
    assert.equal(at(expectStatus(registered, 200).body, 'registrationState'), 'Registered');
  }
  return body;
}

function expand({ bypass, default_action, ip_rules = [], virtual_network_subnet_ids = [] }: NetworkAcls) {
  return {
    bypass,
    defaultAction: default_action,
    ipRules: ip_rules.map((value) => ({ value })),
    virtualNetworkRules: virtual_network_subnet_ids.map((id) => ({ id })),
  };
}

function flatten(acls: Json): Required<NetworkAcls> {
  const values = (list: Json, member: string) => Object.values<Json>(list).map((rule) => String(at(rule, member)));
  return {
    bypass: String(at(acls, 'bypass')),
    default_action: String(at(acls, 'defaultAction')),
    ip_rules: values(at(acls, 'ipRules'), 'value'),
    virtual_network_subnet_ids: values(at(acls, 'virtualNetworkRules'), 'id'),
  };
}

/** The members of a set as the provider compares them: an address as its /32, and ids without case. */
function compared({ ip_rules = [], virtual_network_subnet_ids = [], ...others }: NetworkAcls) {
  const rules = ip_rules.map((rule) => (rule.includes('/') ? rule : `${rule}/32`));
  const ids = virtual_network_subnet_ids.map((id) => id.toLowerCase());
  return { ...others, ip_rules: rules.toSorted(), virtual_network_subnet_ids: ids.toSorted() };
}

/** `resourceKeyVaultRead`: the vault, and its certificate contacts, which a firewall may refuse. */
async function readVault(client: Client): Promise<Json> {
  const { body } = expectStatus(await ask(client, 'GET', vault), 200);
  const contacts = await client.vault('kv-terraform', 'GET', '/certificates/contacts');
  assert.ok([200, 403, 404].includes(contacts.status), String(contacts.status));
  return at(body, 'properties');
}

async function expectNoDifference(client: Client, acls: NetworkAcls): Promise<void> {
  for (let refresh = 0; refresh < 2; refresh += 1) {
    const properties = await readVault(client);
    assert.deepEqual(compared(flatten(at(properties, 'networkAcls'))), compared(acls));
    const { sku, enableSoftDelete, softDeleteRetentionInDays, enableRbacAuthorization } = properties;
    assert.deepEqual(
      { sku: at(json(sku), 'name'), enableSoftDelete, softDeleteRetentionInDays, enableRbacAuthorization },
      { sku: 'standard', enableSoftDelete: true, softDeleteRetentionInDays: 7, enableRbacAuthorization: false },
    );
  }
}

/** `CreateOrUpdateThenPoll`: reads the vault again until it is provisioned. */
async function provisioned(client: Client, answered: Answered): Promise<void> {
  let { body } = expectStatus(answered, 200);
  for (let polls = 0; at(body, 'properties', 'provisioningState') !== 'Succeeded' && polls < 100; polls += 1) {
    body = expectStatus(await ask(client, 'GET', vault), 200).body;
  }
  assert.equal(at(body, 'properties', 'provisioningState'), 'Succeeded');
}

async function createVault(client: Client, acls: NetworkAcls): Promise<void> {
  expectStatus(await ask(client, 'GET', vault), 404);
  const deleted = `/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/kv-terraform`;
  expectStatus(await ask(client, 'GET', deleted), 404);
  const properties = {
    accessPolicies: [],
    createMode: 'default',
    enableRbacAuthorization: false,
    enableSoftDelete: true,
    enabledForDeployment: false,
    enabledForDiskEncryption: false,
    enabledForTemplateDeployment: false,
    networkAcls: expand(acls),
    publicNetworkAccess: 'Enabled',
    sku: { family: 'A', name: 'standard' },
    softDeleteRetentionInDays: 7,
    tenantId: client.identity.tenantId,
  };
  await provisioned(client, await ask(client, 'PUT', vault, { location, properties, tags: {} }));
  const uri = String(at(await readVault(client), 'vaultUri'));
  // It waits until the vault's own address gives any answer, and finds the vault by its address in the list.
  assert.ok((await client.send(uri)).status < 500);
  const filter = encodeURIComponent("resourceType eq 'Microsoft.KeyVault/vaults'");
  const token = await client.token('arm');
  const list = `${client.home}/subscriptions/${client.identity.subscriptionId}/resources?api-version=2023-07-01`;
  const { body } = expectStatus(await client.send(`${list}&$filter=${filter}`, { token }), 200);
  assert.equal(at(body, 'value', 0, 'name'), 'kv-terraform');
}

async function updateVault(client: Client, acls: NetworkAcls): Promise<void> {
  expectStatus(await ask(client, 'GET', vault), 200);
  expectStatus(await ask(client, 'PATCH', vault, { properties: { networkAcls: expand(acls) } }), 200);
}

/** With `purge_soft_delete_on_destroy`. */
async function destroyVault(client: Client): Promise<void> {
  expectStatus(await ask(client, 'GET', vault), 200);
  expectStatus(await ask(client, 'DELETE', vault), 200);
  const purge = `/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/kv-terraform/purge`;
  const accepted = expectStatus(await ask(client, 'POST', purge), 202);
  expectStatus(await followed(client, accepted), 200);
}

for (const azureNormalization of [false, true]) {
  suite(`Terraform, with answers ${azureNormalization ? 'as Azure changes them' : 'as they were sent'}`, () => {
    let world: TestServer;
    before(async () => {
      world = await startServerWith({ config: { azureNormalization, softDelete: { transitionMs: 0 } } });
      const { client } = world;
      expectStatus(await client.arm('PUT', '/resourceGroups/rg', { location }), 201);
      expectStatus(await putNetwork(client, 'Net', ['Apps', 'more']), 201);
      await configure(client);
    });
    after(() => world[Symbol.asyncDispose]());

    test('azurerm_key_vault is created, changed and destroyed, and a plan after an apply never has a change', async () => {
      const { client } = world;
      const subnets = ['Apps', 'more'].map((name) => subnetId(client, 'Net', name));
      const blocks: readonly NetworkAcls[] = [
        { bypass: 'AzureServices', default_action: 'Deny', ip_rules: ['203.0.113.7', '198.51.100.0/24'] },
        { bypass: 'None', default_action: 'Deny', virtual_network_subnet_ids: subnets },
        {
          bypass: 'None',
          default_action: 'Allow',
          ip_rules: ['8.8.8.8'],
          virtual_network_subnet_ids: subnets.slice(1),
        },
        { bypass: 'AzureServices', default_action: 'Deny', ip_rules: [], virtual_network_subnet_ids: [] },
        { bypass: 'AzureServices', default_action: 'Allow' },
      ];
      for (const [index, acls] of blocks.entries()) {
        await createVault(client, acls);
        await expectNoDifference(client, acls);
        const next = blocks[(index + 1) % blocks.length] ?? acls;
        await updateVault(client, next);
        await expectNoDifference(client, next);
        await destroyVault(client);
      }
    });

    test('azurerm_storage_account is created and read, with the members that the provider needs', async () => {
      const { client } = world;
      const account = '/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/seclogs';
      const storage = (method: string, path: string, body?: unknown) => ask(client, method, path, body, storageVersion);
      expectStatus(await storage('GET', account), 404);
      const properties = {
        accessTier: 'Hot',
        allowBlobPublicAccess: true,
        allowCrossTenantReplication: false,
        allowSharedKeyAccess: true,
        customDomain: { name: '' },
        defaultToOAuthAuthentication: false,
        dnsEndpointType: 'Standard',
        encryption: { keySource: 'Microsoft.Storage', services: { queue: { keyType: 'Service' } } },
        isHnsEnabled: false,
        minimumTlsVersion: 'TLS1_2',
        networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow' },
        publicNetworkAccess: 'Enabled',
        supportsHttpsTrafficOnly: true,
      };
      const body = { kind: 'StorageV2', location, properties, sku: { name: 'Standard_LRS' }, tags: {} };
      expectStatus(await storage('PUT', account, body), 200);
      const read = expectStatus(await storage('GET', account), 200).body;
      assert.deepEqual(at(read, 'sku'), { name: 'Standard_LRS', tier: 'Standard' });
      assert.equal(at(read, 'properties', 'customDomain'), undefined);
      const { customDomain: _, ...configured } = properties;
      assert.partialDeepStrictEqual(at(read, 'properties'), configured);
      const { suffixes } = await configure(client);
      const blob = String(at(read, 'properties', 'primaryEndpoints', 'blob'));
      assert.equal(blob, `https://seclogs.blob.${String(at(json(suffixes), 'storage'))}/`);
      const listed = await storage('GET', '/providers/Microsoft.Storage/storageAccounts');
      assert.equal(at(expectStatus(listed, 200).body, 'value', 0, 'properties', 'primaryEndpoints', 'blob'), blob);
      const token = await client.token('arm');
      const keys = `${client.home}/subscriptions/${client.identity.subscriptionId}${account}/listKeys`;
      const query = `?%24expand=kerb&api-version=${storageVersion}`;
      expectStatus(await client.send(`${keys}${query}`, { method: 'POST', token }), 200);
      for (const service of ['blobServices', 'fileServices']) {
        expectStatus(await storage('GET', `${account}/${service}/default`), 200);
      }
      expectStatus(await storage('DELETE', account), 200);
    });
  });
}
