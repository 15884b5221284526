/** The list of vaults where there are 10,000 of them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { vaultIndexKey, vaultKey } from '../../src/resources/keys.ts';
import { readPortal } from '../../src/site/portal-files.ts';
import { readRecords, recordPut } from '../../src/store/records.ts';
import { describeInBrowser, openBrowser } from '../world/browser/browser.ts';
import type { OpenBrowser } from '../world/browser/browser.ts';
import { signIn } from '../world/browser/sign-in.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

const many = 10_000;
const batch = 500;
/** As the budget of the page says. */
const nodesMax = 1_500;

/** Vaults like the demo's, written to the store at once: a PUT of each would take a minute. */
async function fill({ folder: { store } }: TestServer): Promise<void> {
  const [demo] = await readRecords(store, { get: [vaultKey('demo')] });
  assert.ok(demo !== undefined);
  const names = Array.from({ length: many }, (_, index) => `vault-${String(index).padStart(5, '0')}`);
  for (let first = 0; first < names.length; first += batch) {
    const put = names
      .slice(first, first + batch)
      .flatMap((name) => [
        recordPut(vaultKey(name), { ...demo.value, name, incarnation: randomUUID() }),
        recordPut(vaultIndexKey('vault-in', demo.value, name), null),
      ]);
    await store.transact({ put });
  }
}

describeInBrowser('10,000 vaults in the portal', () => {
  let world: TestServer;
  let browser: OpenBrowser;
  before(async () => {
    world = await startServerWith({ demo: true, portal: readPortal() });
    await fill(world);
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
