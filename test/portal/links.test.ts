/** Links to the portal that somebody else made: what they can make the page of a signed-in user do, and show. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { putVault } from '../data-plane/vaults.ts';
import { describeInBrowser } from '../world/browser/browser.ts';
import { startPortal } from './portal-world.ts';
import type { PortalWorld } from './portal-world.ts';

describeInBrowser('a link of somebody else to the portal', () => {
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
    // Nobody has that id.
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
});
