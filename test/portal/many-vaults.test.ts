/** The list of vaults where there are 10,000 of them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { readPortal } from '../../src/site/portal-files.ts';
import { describeInBrowser, openBrowser } from '../world/browser/browser.ts';
import type { OpenBrowser } from '../world/browser/browser.ts';
import { signIn } from '../world/browser/sign-in.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { fillWithVaults } from './ten-thousand-vaults.ts';

/** As the budget of the page says. */
const nodesMax = 1_500;

describeInBrowser('10,000 vaults in the portal', () => {
  let world: TestServer;
  let browser: OpenBrowser;
  before(async () => {
    world = await startServerWith({ demo: true, portal: readPortal() });
    await fillWithVaults(world.folder.store);
    browser = await openBrowser(world.client);
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it('come page by page, are drawn as far as they are in sight, and are found by name', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    const { userPrincipalName: user = '', password = '' } = world.folder.portalUser ?? {};
    await tab.page.goto(`${world.client.home}/portal/`);
    await signIn(tab, { user, password });
    const rows = tab.page.locator('tbody th');
    await tab.sees('10,002 vaults');
    // Besides them the top bar asks for one vault, to be told the browser's address.
    assert.equal(tab.requestsTo(/GET .*\/vaults\?(?!.*top=1$)/).length, 11);
    const nodes = await tab.page.evaluate<number>('document.querySelectorAll("*").length');
    assert.ok(nodes < nodesMax, `${nodes} nodes`);

    await tab.page.evaluate('window.scrollTo(0, document.documentElement.scrollHeight)');
    await tab.sees(tab.page.getByRole('link', { name: 'vault-09999' }));
    await tab.page.getByLabel('Filter by name or resource group').fill('vault-04242');
    await tab.until('one vault is left', async () => (await rows.count()) === 1);
    await tab.page.getByRole('link', { name: 'vault-04242' }).click();
    await tab.sees(tab.page.getByRole('heading', { level: 1, name: 'vault-04242' }));
    await tab.page.goBack();
    await tab.sees('1 vault shown');
  });
});
