/** The portal with links of another user, and with answers that are not the server's. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { putVault } from '../data-plane/vaults.ts';
import { describeInBrowser } from '../world/browser/browser.ts';
import { startPortal } from './portal-world.ts';
import type { PortalWorld } from './portal-world.ts';

describeInBrowser('the portal, by the link or the answer of somebody else', () => {
  let portal: PortalWorld;
  before(async () => {
    portal = await startPortal();
  });
  after(async () => {
    await portal[Symbol.asyncDispose]();
  });

  it('asks Graph for the groups of a person, and for nothing else', async (t) => {
    await putVault(portal.server.client, 'kv-link', {});
    const meant = 'x/../../applications/1/addPassword?';
    const tab = await portal.open(t, {
      from: '127.0.0.7',
      path: `vaults/rg/kv-link/access?who=${encodeURIComponent(meant)}`,
    });
    // That id does not exist.
    tab.expectFault(/status of 400/);
    await tab.sees(tab.page.getByRole('heading', { name: meant }));
    await tab.sees('no access policy');
    const posted = tab.requestsTo(/^POST .*\/v1\.0\//).map(({ url }) => new URL(url).pathname);
    const groups = `/v1.0/servicePrincipals/${encodeURIComponent(meant)}/getMemberGroups`;
    assert.deepEqual([...new Set(posted)].toSorted(), ['/v1.0/directoryObjects/getByIds', groups]);
  });

  it('shows no other server as a vault that is to be trusted', async (t) => {
    const id = '@elsewhere.example/providers/Microsoft.Storage/storageAccounts/x';
    const tab = await portal.open(t, { from: '127.0.0.7', path: `pick/keys?for=${encodeURIComponent(id)}` });
    await tab.sees('It is not said for which resource.');
    assert.equal(await tab.page.getByText('elsewhere.example').count(), 0);
    const hosts = tab.exchanges.map(({ url }) => new URL(url).hostname);
    assert.ok(!hosts.includes('elsewhere.example'), hosts.join());
  });

  it('says that a page cannot be shown, and shows the next', async (t) => {
    const tab = await portal.open(t, { from: '127.0.0.7', path: '' });
    await tab.page.route(/Postern\.Insight\/activity/, async (route) => {
      const value = [{ status: 200, time: 'never' }];
      await route.fulfill({ json: { value, next: 'x', more: false, gap: false, since: 'never' } });
    });
    await tab.page.getByRole('link', { name: 'Activity' }).click();
    await tab.sees('This page could not be shown.');
    await tab.page.getByRole('link', { name: 'Virtual networks' }).click();
    await tab.sees(tab.page.getByRole('heading', { level: 1, name: 'Virtual networks' }));
  });
});
