/** Activity (portal.md §9.6): a real server, a real browser, and requests to the vaults from other addresses. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { vaults } from '../control-plane/resources.ts';
import { acls, putVault } from '../data-plane/vaults.ts';
import { describeInBrowser } from '../world/browser/browser.ts';
import type { Tab } from '../world/browser/tab.ts';
import { expectUsable } from '../world/browser/usable.ts';
import { startPortal } from './portal-world.ts';
import type { PortalWorld } from './portal-world.ts';

const outside = '127.0.0.9';
const outsideSeen = '203.0.113.9';
const inside = '127.0.0.7';

describeInBrowser('Activity', () => {
  let world: PortalWorld;
  before(async () => {
    world = await startPortal();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  const ask = async (vault: string, from: string, secret = 'none') =>
    (await world.server.client.vault(vault, 'GET', `/secrets/${secret}`, { from })).status;
  const polls = (tab: Tab) => tab.requestsTo(/^GET .*\/Postern\.Insight\/activity\?/).length;

  it('shows a denial of another process, filters, and opens it into the ladder with the smallest fix', async (t) => {
    await putVault(world.server.client, 'kv-act', { networkAcls: acls.denyBypass });
    const tab = await world.open(t, { from: inside, path: 'vaults/rg/kv-act/activity' });
    const { page } = tab;
    await tab.sees('changed the vault');
    assert.equal(await ask('kv-act', outside), 403);
    assert.equal(await ask('kv-act', inside), 404);
    await tab.sees(page.locator('summary', { hasText: outsideSeen }));
    await tab.sees(page.getByRole('status').filter({ hasText: /\d new/ }));
    await tab.sees(page.getByRole('img', { name: /Last ten minutes: \d+ let in, 1 refused/ }));

    await page.getByRole('button', { name: 'Denied by the firewall' }).click();
    await tab.until('the filter is in the address', () => page.url().endsWith('/activity?result=denied'));
    await tab.losesSight('A secret with (name/id) none was not found');
    await page.locator('summary', { hasText: outsideSeen }).click();
    const rungs = page.getByRole('list', { name: 'How far the request came' }).getByRole('listitem');
    await tab.sees(rungs.filter({ hasText: 'Firewall' }));
    assert.deepEqual(
      (await rungs.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ')),
      [
        '✓ Token passed: Postern administrator',
        `✕ Firewall refused here: defaultAction is Deny, ${outsideSeen} is in none of the IP rules (1), and the caller is not a trusted service.`,
        '· Permission not reached: not reached',
        '· Object not reached: not reached',
      ],
    );
    await tab.sees(`az keyvault network-rule add --ip-address ${outsideSeen} --name kv-act`);
    await expectUsable(tab);
    const allow = page.getByRole('link', { name: `Allow ${outsideSeen}…` });
    assert.equal(await allow.getAttribute('href'), `/portal/vaults/rg/kv-act/networking?add=${outsideSeen}`);

    await page.getByRole('link', { name: `Show only this address: ${outsideSeen}` }).click();
    await tab.until('both filters are in the address', () =>
      page.url().endsWith(`?result=denied&address=${outsideSeen}`),
    );
    await page.getByRole('link', { name: `Remove the filter address ${outsideSeen}` }).click();
    await page.getByRole('button', { name: 'Without permission' }).click();
    await tab.sees('No request is like that.');

    await page.goBack();
    await page.locator('summary', { hasText: outsideSeen }).click();
    await allow.click();
    await page.getByRole('button', { name: 'Save' }).click();
    await tab.until('the address is let in', async () => (await ask('kv-act', outside)) === 404);

    await page.getByRole('navigation').getByRole('link', { name: 'Activity' }).last().click();
    await tab.sees('changed the vault');
    tab.expectFault(/status of 404/);
    assert.equal((await world.server.client.arm('DELETE', `${vaults}/kv-act`)).status, 200);
    await tab.sees('There is no vault kv-act in the resource group rg.');
  });

  it('asks nothing while it is hidden or paused, goes on where it was, and says a gap', async (t) => {
    await putVault(world.server.client, 'kv-hidden', { networkAcls: acls.denyBypass });
    const tab = await world.open(t, { from: inside, path: 'vaults/rg/kv-hidden/activity' });
    const { page } = tab;
    await tab.sees('changed the vault');
    await page.clock.install();
    const hide = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${String(hidden)} }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    const nothingIsAsked = async () => {
      await page.clock.runFor(10_000);
      const asked = polls(tab);
      await page.clock.runFor(60_000);
      assert.equal(polls(tab), asked);
    };
    await page.reload();
    await tab.sees('changed the vault');
    await hide(true);
    await nothingIsAsked();
    assert.equal(await ask('kv-hidden', outside), 403);
    await hide(false);
    await tab.sees(page.locator('summary', { hasText: outsideSeen }));

    await page.getByRole('button', { name: 'Pause' }).click();
    await nothingIsAsked();
    await page.getByRole('button', { name: 'Denied by the firewall' }).click();
    await tab.losesSight('changed the vault');
    await tab.sees(page.locator('summary', { hasText: outsideSeen }));
    await nothingIsAsked();
    await page.route(/[?&]after=/, async (route) => {
      await route.continue({
        url: route
          .request()
          .url()
          .replace(/after=[^&]*/, 'after=old'),
      });
    });
    await page.getByRole('button', { name: 'Follow' }).click();
    await tab.sees('Requests may be missing here.');
    assert.equal(await page.locator('summary', { hasText: outsideSeen }).count(), 1);
  });

  it('works in seven pages at once, on the page of all vaults too', async (t) => {
    await putVault(world.server.client, 'kv-seven', { networkAcls: acls.denyBypass });
    const first = await world.open(t, { from: inside, path: 'activity?vault=kv-seven' });
    const tabs = [first];
    while (tabs.length < 7) tabs.push(await first.another());
    for (const { page } of tabs.slice(1)) await page.goto(`${world.server.client.home}/portal/activity?vault=kv-seven`);
    for (const tab of tabs) await tab.sees('changed the vault');
    assert.equal(await ask('kv-seven', outside), 403);
    for (const tab of tabs) await tab.sees(tab.page.locator('summary', { hasText: outsideSeen }));
    await first.page.goto(`${world.server.client.home}/portal/`);
    await first.sees(first.page.getByRole('link', { name: '1 request to kv-seven denied: show them' }));
  });
});
