/** Ten thousand secrets in the portal's list, and Azure's own client in the same page. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { newVersion, objectKeys, vaultScope } from '../../src/objects/object.ts';
import { newSecretVersion } from '../../src/objects/secrets/secret.ts';
import { vaultKey } from '../../src/resources/keys.ts';
import { readRecords, recordPut } from '../../src/store/records.ts';
import { acls, networks, ok, putVault } from '../data-plane/vaults.ts';
import { describeInBrowser } from '../world/browser/browser.ts';
import { ada, startPortal } from './portal-world.ts';
import type { PortalWorld } from './portal-world.ts';

const count = 10_000;
const vault = 'kv-many';

/** Azure's client, bundled as a page would have it. */
async function secretClientForBrowsers(): Promise<string> {
  const entry = fileURLToPath(new URL('azure-client.ts', import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { write: false, minify: false, lib: { entry, formats: ['iife'], name: 'azure' } },
  });
  const [bundle] = [built].flat();
  assert.ok(bundle !== undefined && 'output' in bundle);
  return bundle.output[0].code;
}

describeInBrowser('a vault of ten thousand secrets', () => {
  let portal: PortalWorld;
  before(async () => {
    portal = await startPortal();
    const { server } = portal;
    const { objectId } = server.client.identity;
    const all = { secrets: ['all'] };
    const policies = [ada.objectId, objectId].map((holder) => ({ objectId: holder, ...all }));
    await putVault(server.client, vault, { policies, networkAcls: acls.deny });
    const { store } = server.folder;
    const [record] = await readRecords(store, { get: [vaultKey(vault)] });
    assert.ok(record !== undefined);
    const keys = objectKeys(vaultScope(record.value, { transitionMs: 0, nowMs: 0, require: [] }), 'secrets');
    const names = Array.from({ length: count }, (_, index) => `secret-${String(index).padStart(5, '0')}`);
    for (let at = 0; at < count; at += 1000) {
      const put = names.slice(at, at + 1000).map((name) => {
        const current = newSecretVersion({ value: name }, { version: newVersion(), nowSeconds: 1_700_000_000 });
        return recordPut(keys.current(name), { name, current });
      });
      await store.transact({ put });
    }
  });
  after(async () => {
    await portal[Symbol.asyncDispose]();
  });

  it('shows the first at once, draws few, filters to one and opens it', async (t) => {
    const tab = await portal.open(t, { from: networks.allowed, path: `vaults/rg/${vault}/secrets` });
    const { page } = tab;
    await tab.sees(page.getByRole('link', { name: 'secret-00000' }));
    await page.getByLabel('Filter the secrets').fill('09999');
    await tab.until('all are there', () => page.getByText('1 of 10,000 secrets', { exact: true }).isVisible());
    assert.match(page.url(), /\?filter=09999$/);
    assert.deepEqual(await page.locator('tbody th').allInnerTexts(), ['secret-09999']);
    await page.getByLabel('Filter the secrets').fill('');
    await tab.sees('10,000 secrets');
    const rows = await page.locator('tbody tr').count();
    assert.ok(rows > 20 && rows < 200, `${rows} rows are drawn`);
    await page.mouse.wheel(0, 450_000);
    await tab.sees(page.getByRole('link', { name: 'secret-09999' }));
    await page.getByRole('link', { name: 'secret-09999' }).click();
    await tab.sees('Current version');
  });

  it('is listed by Azure’s own client in the page, which the vault’s CORS lets in', async (t) => {
    const { client } = portal.server;
    await ok(client.vault(vault, 'GET', '/secrets', { from: networks.allowed }));
    const tab = await portal.open(t, { from: networks.allowed, path: `vaults/rg/${vault}` });
    // Azure's clients ask without a token first, for the challenge.
    tab.expectFault(/status of 401/);
    await tab.page.evaluate(`${await secretClientForBrowsers()};0`);
    const token = await client.token('vault');
    const first = await tab.page.evaluate(`(async () => {
      const credential = { getToken: async () => ({ token: ${JSON.stringify(token)}, expiresOnTimestamp: Date.now() + 3600000 }) };
      const secrets = new SecretClient(${JSON.stringify(client.vaultOrigin(vault))}, credential);
      for await (const page of secrets.listPropertiesOfSecrets().byPage()) return page.map(({ name }) => name);
    })()`);
    assert.ok(Array.isArray(first));
    assert.deepEqual([first.length, first[0]], [25, 'secret-00000']);
  });
});
