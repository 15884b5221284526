/** Virtual networks, trusted services, access and logs, in a real browser. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { headerBinding, putResourceBinding } from '../../src/directory/bindings.ts';
import { networks, putNetwork, subnetId } from '../control-plane/resources.ts';
import { acls, putVault } from '../data-plane/vaults.ts';
import { describeInBrowser } from '../world/browser/browser.ts';
import { expectUsable } from '../world/browser/usable.ts';
import { ada, startPortal } from './portal-world.ts';
import type { PortalWorld } from './portal-world.ts';

const from = '127.0.0.7';
const location = 'westeurope';
const account = '/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/logs';
const secretsUser = '4633458b-17de-408a-b874-0445c86b69e6';

describeInBrowser('the pages of the portal beside the vaults', () => {
  let world: PortalWorld;
  before(async () => {
    world = await startPortal();
    await putVault(world.server.client, 'kv-any');
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  /** A page that is not of a vault: the shell asks one all the same, once, and says then where it sees the browser. */
  const open = async (t: TestContext, path: string) => {
    const tab = await world.open(t, { from, path });
    await tab.sees('203.0.113.7');
    return tab;
  };

  it('virtual networks: a switch, what vaults see, and what it does before it is made', async (t) => {
    const { client } = world.server;
    const storage = { service: 'Microsoft.Storage' };
    await putNetwork(client, 'net', ['apps'], { serviceEndpoints: [storage, { service: 'Microsoft.KeyVault' }] });
    const rule = { id: subnetId(client, 'net', 'apps') };
    await putVault(client, 'kv-net', { networkAcls: { ...acls.deny, virtualNetworkRules: [rule] } });
    const tab = await open(t, 'networks');
    const { page } = tab;
    await tab.sees('1 of 1 subnet');
    await expectUsable(tab);
    await page.getByRole('link', { name: 'net', exact: true }).click();
    await tab.sees('a private address of 10.0.0.0/24, and the subnet net/apps');
    await tab.sees('not used in 24 h');
    await expectUsable(tab);
    const endpoint = page.getByRole('switch', { name: 'Service endpoint Microsoft.KeyVault' });
    await endpoint.click();
    const dialog = page.getByRole('dialog');
    await tab.sees(dialog.getByText('kv-net does not let the subnet in any more.'));
    await tab.sees(dialog.getByText('The open connections of this subnet to vaults end'));
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await endpoint.getAttribute('aria-checked'), 'true');
    await endpoint.click();
    await dialog.getByRole('button', { name: 'Switch off' }).click();
    await tab.sees('matches nothing while the endpoint is off');
    assert.equal(await endpoint.getAttribute('aria-checked'), 'false');
    const { body } = await client.arm('GET', `${networks}/net/subnets/apps`);
    assert.match(JSON.stringify(body), /Microsoft\.Storage/);
    assert.doesNotMatch(JSON.stringify(body), /Microsoft\.KeyVault/);
  });

  it('virtual networks: makes one, refuses to change one that is there, adds and deletes subnets', async (t) => {
    const { client } = world.server;
    const tab = await open(t, 'networks');
    const { page } = tab;
    const dialog = page.getByRole('dialog');
    const create = async (name: string) => {
      await page.getByRole('button', { name: '+ Create virtual network' }).click();
      await dialog.getByLabel('Resource group').selectOption('rg');
      await dialog.getByLabel('Name', { exact: true }).fill(name);
      await dialog.getByRole('button', { name: 'Create' }).click();
    };
    await create('made');
    await tab.losesSight(dialog);
    tab.expectFault(/status of 412/);
    await create('made');
    await tab.sees(dialog.getByRole('alert').getByText('The network could not be made.'));
    await tab.sees(dialog.getByText('PreconditionFailed'));
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('link', { name: 'made' }).click();
    await page.getByRole('button', { name: '+ Add subnet' }).click();
    await dialog.getByLabel('Subnet', { exact: true }).fill('more');
    await dialog.getByLabel('Addresses of the subnet').fill('10.1.1.0/24');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await tab.sees(page.getByRole('heading', { name: 'more' }));
    await page.getByRole('button', { name: 'Delete the subnet workloads' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await tab.losesSight(page.getByRole('heading', { name: 'workloads' }));
    const { body } = await client.arm('GET', `${networks}/made/subnets`);
    assert.match(JSON.stringify(body), /10\.1\.1\.0\/24/);
    assert.doesNotMatch(JSON.stringify(body), /workloads/);
    await page.getByRole('button', { name: 'Delete network' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await tab.sees(page.getByRole('heading', { name: 'Virtual networks' }));
    await tab.losesSight(page.getByRole('link', { name: 'made' }));
    assert.equal((await client.arm('GET', `${networks}/made`)).status, 404);
  });

  /** A storage account with an identity of its own, and a token of it for vaults. */
  const storageIdentity = async () => {
    const { client, folder } = world.server;
    const identity = { type: 'SystemAssigned' };
    const made = await client.arm('PUT', account, { location, identity, sku: { name: 'Standard_LRS' } });
    const header = `header-${randomUUID()}`;
    await folder.store.transact({ put: [putResourceBinding(headerBinding(header), String(made.body['id']))] });
    const url = `${client.home}/msi/token?api-version=2019-08-01&resource=https://vault.azure.net`;
    const { body } = await client.send(url, { headers: { 'x-identity-header': header } });
    return { objectId: String(made.body['identity']?.['principalId']), token: String(body['access_token']) };
  };

  it('trusted services: 18 rows, each with how it is recognised, its calls, and who opts in', async (t) => {
    const { client } = world.server;
    const { objectId, token } = await storageIdentity();
    const policies = [{ objectId, keys: ['get'] }];
    await putVault(client, 'kv-in', { networkAcls: acls.denyBypass, policies });
    await putVault(client, 'kv-out', { networkAcls: acls.deny, policies });
    const ask = async (vault: string) =>
      (await client.vault(vault, 'GET', '/keys/k', { token, from: '127.0.0.9' })).status;
    assert.deepEqual([await ask('kv-in'), await ask('kv-in'), await ask('kv-out')], [404, 404, 403]);
    const tab = await open(t, 'services');
    const { page } = tab;
    await tab.sees(page.getByText('On', { exact: true }).locator('..').getByRole('link', { name: 'kv-in' }));
    await tab.sees(page.getByText('Off', { exact: true }).locator('..').getByRole('link', { name: 'kv-out' }));
    assert.equal(await page.getByRole('rowheader').count(), 18);
    const storage = page.getByRole('row', { name: /^Azure Storage/ });
    await tab.sees(storage.getByText('identity of microsoft.storage/storageaccounts'));
    await tab.sees(storage.getByText('keys/get, keys/wrapKey, keys/unwrapKey'));
    assert.deepEqual(
      (await storage.getByRole('cell').allInnerTexts()).slice(1).map((text) => text.split(/\s/)[0]),
      ['2', '1'],
    );
    await expectUsable(tab);
    await storage.getByRole('link', { name: /bypass is None/ }).click();
    const line = page.locator('summary', { hasText: 'KeyGet kv-out' });
    await tab.sees(line);
    await line.click();
    await tab.sees('az keyvault update --bypass AzureServices --name kv-out');
  });

  const byClients = async (vault: string) => {
    const { client, folder } = world.server;
    const program = fileURLToPath(new URL('../control-plane/sdk/vault-access.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, vault], {
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: join(folder.path, 'ca.pem'),
        POSTERN_TEST: JSON.stringify({ ...client.identity, home: client.home }),
      },
      timeout: 120_000,
    });
    return JSON.parse(stdout) as {
      readonly policies: readonly { readonly objectId: string; readonly permissions: object }[];
      readonly isRbac: boolean;
      readonly roles: readonly object[];
    };
  };

  it('access: a policy and a role made here are what the official clients read', async (t) => {
    await putVault(world.server.client, 'kv-access', { networkAcls: acls.allow });
    const tab = await world.open(t, { from, path: 'vaults/rg/kv-access/access' });
    const { page } = tab;
    const dialog = page.getByRole('dialog');
    const chooseAda = async () => {
      await dialog.getByLabel('Find a user, group or application').fill('ad');
      await tab.sees(dialog.getByRole('option', { name: /^Ada – user/ }));
      await dialog.getByLabel('Who').selectOption(ada.objectId);
    };
    await page.getByRole('button', { name: '+ Create access policy' }).click();
    await chooseAda();
    await dialog.getByRole('group', { name: 'secrets' }).getByLabel('Get', { exact: true }).check();
    await expectUsable(tab);
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('button', { name: 'Edit the policy of Ada' }).click();
    await dialog.getByRole('group', { name: 'keys' }).getByLabel('Wrap Key', { exact: true }).check();
    const certificates = dialog.getByRole('group', { name: 'certificates' });
    await certificates.getByLabel('Select all').check();
    assert.equal(await certificates.getByRole('checkbox', { checked: false }).count(), 0);
    await certificates.getByLabel('Purge').uncheck();
    assert.equal(await certificates.getByLabel('Select all').isChecked(), false);
    await certificates.getByLabel('Select all').check();
    await certificates.getByLabel('Select all').uncheck();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await tab.sees(page.getByText('Wrap Key', { exact: true }));
    const { policies } = await byClients('kv-access');
    assert.deepEqual(
      policies.filter(({ objectId }) => objectId === ada.objectId).map(({ permissions }) => permissions),
      [{ secrets: ['get'], keys: ['wrapKey'], certificates: [] }],
    );
    await page.getByLabel('Who').selectOption(ada.objectId);
    await tab.sees('access policy of Ada');
    await expectUsable(tab);
    await page.getByRole('button', { name: 'Remove the policy of Ada' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await tab.losesSight(page.getByRole('button', { name: 'Edit the policy of Ada' }));

    await page.getByRole('button', { name: 'Change…' }).click();
    await tab.sees(dialog.getByText('Access policies then give nobody access, you included'));
    await dialog.getByRole('button', { name: 'Change' }).click();
    await page.getByRole('button', { name: '+ Add role assignment' }).click();
    await dialog.getByLabel('Role').selectOption('Key Vault Secrets User');
    await chooseAda();
    await dialog.getByRole('button', { name: 'Add' }).click();
    await tab.sees(page.getByRole('row', { name: /Ada user Key Vault Secrets User this vault/ }));
    await page.getByLabel('Who').selectOption(ada.objectId);
    await tab.sees('role Key Vault Secrets User');
    await expectUsable(tab);
    const read = await byClients('kv-access');
    assert.deepEqual(read.roles, [{ principalId: ada.objectId, principalType: 'User', role: secretsUser }]);
    assert.deepEqual([read.isRbac, read.policies.length], [true, 1]);
    await page.getByRole('button', { name: 'Remove Key Vault Secrets User of Ada' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await tab.losesSight(page.getByRole('row', { name: /this vault/ }));
    assert.deepEqual((await byClients('kv-access')).roles, []);
  });

  it('logs: a diagnostic setting is made and deleted, and the last records are a file of JSON lines', async (t) => {
    const { client } = world.server;
    await putVault(client, 'kv-logs', { networkAcls: acls.allow });
    const made = await client.arm('PUT', account, {
      location,
      sku: { name: 'Standard_LRS' },
      kind: 'StorageV2',
    });
    assert.ok(made.status < 300, JSON.stringify(made.body));
    const tab = await world.open(t, { from, path: 'vaults/rg/kv-logs/logs' });
    const { page } = tab;
    const dialog = page.getByRole('dialog');
    await tab.sees("The records of this vault are in the server's own audit log only.");
    await page.getByRole('button', { name: '+ Add diagnostic setting' }).click();
    await dialog.getByLabel('Name', { exact: true }).fill('copy');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await tab.sees('It has no destination: choose a storage account, or name a collector.');
    await dialog.getByLabel('Storage account').selectOption('logs');
    await expectUsable(tab);
    await dialog.getByRole('button', { name: 'Add' }).click();
    await tab.sees('audit to the storage account logs');
    await expectUsable(tab);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'kv-logs-activity.jsonl');
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n');
    const [first] = lines.map(
      (line) => JSON.parse(line) as { readonly operation: string; readonly vault: { readonly name: string } },
    );
    assert.deepEqual([first?.operation, first?.vault.name], ['VaultPut', 'kv-logs']);
    await page.getByRole('button', { name: 'Delete copy' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await tab.sees("The records of this vault are in the server's own audit log only.");
  });
});
