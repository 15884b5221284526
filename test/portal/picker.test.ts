/** The picker in the pages of a storage account and a web app, from an address that the vault lets in and from one that it does not. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { headerBinding, putResourceBinding } from '../../src/directory/bindings.ts';
import { acls, location, networks, ok, putVault } from '../data-plane/vaults.ts';
import { describeInBrowser } from '../world/browser/browser.ts';
import { expectUsable } from '../world/browser/usable.ts';
import { ada, startPortal } from './portal-world.ts';
import type { PortalWorld } from './portal-world.ts';

const storage = '/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/shopdata';
const site = '/resourceGroups/rg/providers/Microsoft.Web/sites/shop';
const vault = 'kv-picker';
const banner = 'Firewall is turned on and your client IP address is not authorized to access this key vault.';

describeInBrowser('the picker', () => {
  let portal: PortalWorld;
  let account: { readonly id: string; readonly principalId: string };

  const grant = async (permissions: readonly string[]) => {
    const { client } = portal.server;
    const all = ['all'];
    const owners = [ada.objectId, client.identity.objectId].map((objectId) => ({
      objectId,
      secrets: all,
      keys: all,
      certificates: all,
    }));
    const policies = [...owners, { objectId: account.principalId, keys: permissions }];
    await putVault(client, vault, { policies, networkAcls: acls.denyBypass });
  };

  before(async () => {
    portal = await startPortal();
    const { client } = portal.server;
    const identity = { type: 'SystemAssigned' };
    const sku = { name: 'Standard_LRS' };
    const made = await client.arm('PUT', storage, { location, identity, sku, kind: 'StorageV2' });
    account = { id: String(made.body['id']), principalId: String(made.body['identity']?.['principalId']) };
    assert.equal((await client.arm('PUT', site, { location, properties: {} })).status, 201);
    await grant(['get']);
    const from = networks.allowed;
    await ok(client.vault(vault, 'POST', '/keys/disk/create', { body: { kty: 'RSA' }, from }));
    const policy = { issuer: { name: 'Self' }, x509_props: { subject: 'CN=shop' } };
    await ok(client.vault(vault, 'POST', '/certificates/shop/create', { body: { policy }, from }), 202);
    portal.server.advance(1000);
    await ok(client.vault(vault, 'GET', '/certificates/shop/pending', { from }));
  });
  after(async () => {
    await portal[Symbol.asyncDispose]();
  });

  /** A token of the account's own identity, as its workload gets it. */
  const accountToken = async () => {
    const { client, folder } = portal.server;
    const header = `header-${randomUUID()}-${randomUUID()}`;
    await folder.store.transact({ put: [putResourceBinding(headerBinding(header), account.id)] });
    const query = `api-version=2019-08-01&resource=${encodeURIComponent('https://vault.azure.net')}`;
    const headers = { 'x-identity-header': header };
    return String((await ok(client.send(`${client.home}/msi/token?${query}`, { headers })))['access_token']);
  };

  const keyOf = async () => {
    const { body } = await portal.server.client.arm('GET', storage);
    return body['properties']?.['encryption']?.['keyvaultproperties'];
  };

  it('lists from an allowed address, and says what the resource itself lacks', async (t) => {
    const tab = await portal.open(t, { from: networks.allowed, path: 'services' });
    const { page } = tab;
    await page.getByRole('link', { name: 'Choose a key or a certificate for a resource' }).click();
    await page.getByRole('link', { name: 'shopdata' }).click();
    await tab.sees('No key of a vault is used.');
    await page.getByLabel(new RegExp(`^${vault}`)).check();
    await page.getByLabel('disk', { exact: true }).check();
    await tab.sees('calls as the trusted service Azure Storage, which this vault lets in.');
    await tab.sees('Its identity lacks keys/wrapKey, keys/unwrapKey, and has keys/get: give it that in Access.');
    await page.getByLabel('Version').selectOption({ index: 1 });
    await expectUsable(tab);
    await page.getByRole('button', { name: 'Save' }).click();
    await tab.sees('Uses https://');
    const kept = await keyOf();
    assert.deepEqual([kept?.['keyname'], String(kept?.['keyversion']).length], ['disk', 32]);
    const origin = portal.server.client.vaultOrigin(vault);
    assert.equal(kept?.['keyvaulturi'], `${origin}/`);
    const used = page.locator('.kept');
    await tab.sees(used.getByText('Its identity lacks keys/wrapKey, keys/unwrapKey'));
    tab.expectFault(/status of 404/);
    await page.getByText('Enter the identifier by hand').click();
    await page.getByLabel('Identifier of the key').fill(`${origin}/keys/nothing`);
    await page.getByRole('button', { name: 'Save' }).click();
    await tab.sees(used.getByText(`${vault} has no such key.`));
    await tab.sees(used.getByText('Its identity lacks keys/wrapKey, keys/unwrapKey'));
    await expectUsable(tab);
  });

  it('takes an identifier by hand where the vault refuses the browser, and the resource uses it', async (t) => {
    await grant(['get', 'wrapKey', 'unwrapKey']);
    const { client } = portal.server;
    const tab = await portal.open(t, {
      from: networks.refused,
      path: 'resources/rg/Microsoft.Storage/storageAccounts/shopdata',
    });
    tab.expectFault(/status of 403/);
    const { page } = tab;
    await page.getByLabel(new RegExp(`^${vault}`)).check();
    await tab.sees(banner);
    await tab.sees('The vault sees your browser as 203.0.113.8');
    await tab.sees('The storage account itself does not need your address');
    await tab.sees('Its identity has keys/get, keys/wrapKey, keys/unwrapKey.');
    await tab.sees(page.getByRole('link', { name: 'Add 203.0.113.8 in Networking' }));
    await page.getByText('Enter the identifier by hand').click();
    const byHand = page.getByLabel('Identifier of the key');
    const save = page.getByRole('button', { name: 'Save' });
    const identifier = `${client.vaultOrigin(vault)}/keys/disk`;
    for (const [typed, fault] of [
      ['disk', 'An identifier begins with https://'],
      [identifier.replace('/keys/', '/secrets/'), 'The path begins with /keys/'],
      [identifier.replace(vault, 'kv-other'), 'You can read no vault of that name.'],
    ] as const) {
      await byHand.fill(typed);
      await tab.sees(fault);
      assert.equal(await save.isDisabled(), true);
    }
    await byHand.fill(identifier);
    await expectUsable(tab);
    await save.click();
    await tab.sees(`Uses ${identifier}`);

    // The service: it reads what was chosen, from an address that no rule names, and the user's stays outside.
    const kept = await keyOf();
    const token = await accountToken();
    const from = '127.0.0.9';
    const url = `${String(kept?.['keyvaulturi'])}keys/${String(kept?.['keyname'])}`;
    const wrap = (key: string) =>
      client.send(`${key}/wrapkey?api-version=7.6`, {
        method: 'POST',
        token,
        from,
        body: { alg: 'RSA-OAEP-256', value: 'AAEC' },
      });
    const { key } = (await ok(client.send(`${url}?api-version=7.6`, { token, from }))) as unknown as {
      key: { kid: string };
    };
    await ok(wrap(key.kid));
    const user = await client.vault(vault, 'GET', '/keys', { from: networks.refused });
    assert.deepEqual([user.status, user.body['error']?.['innererror']?.['code']], [403, 'ForbiddenByFirewall']);
  });

  for (const from of [networks.allowed, networks.refused]) {
    it(`is a page of its own for a web app's certificate, and returns to it, from ${from}`, async (t) => {
      const { client } = portal.server;
      const { subscriptionId } = client.identity;
      const id = encodeURIComponent(`/subscriptions/${subscriptionId}${site}`);
      const tab = await portal.open(t, { from, path: `pick/certificates?for=${id}` });
      const { page } = tab;
      await page.getByLabel(new RegExp(`^${vault}`)).check();
      if (from === networks.allowed) await page.getByLabel('shop', { exact: true }).check();
      else {
        tab.expectFault(/status of 403/);
        await tab.sees(banner);
        await tab.sees('calls as the trusted service Azure App Service');
        await page.getByText('Enter the identifier by hand').click();
        await page.getByLabel('Identifier of the certificate').fill(`${client.vaultOrigin(vault)}/certificates/shop`);
      }
      await page.getByRole('link', { name: 'Select' }).click();
      await tab.sees('Chosen: ');
      await page.getByRole('button', { name: 'Save' }).click();
      await tab.sees(`Uses ${vault}/shop`);
      // A web app without a certificate is asked for one, and has none.
      tab.expectFault(/status of 40[34]/);
      const kept = await client.arm('GET', '/resourceGroups/rg/providers/Microsoft.Web/certificates/shop-certificate');
      assert.equal(kept.body['properties']?.['keyVaultSecretName'], 'shop');
      await client.arm('DELETE', '/resourceGroups/rg/providers/Microsoft.Web/certificates/shop-certificate');
    });
  }

  it('says so where it does not know the resource', async (t) => {
    const tab = await portal.open(t, { from: networks.allowed, path: 'pick/keys?for=https%3A%2F%2Fevil.example' });
    await tab.sees('It is not said for which resource.');
    await tab.page.getByRole('link', { name: 'Vaults' }).click();
    await tab.sees('seen as 203.0.113.7');
  });
});
