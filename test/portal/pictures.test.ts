/**
 * The pictures of the portal in the README. `npm run pictures` takes them again; a file beside each has its words, and a page
 * that says something else than its picture fails here.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import type { TestContext } from 'node:test';
import { readPortal } from '../../src/site/portal-files.ts';
import { describeInBrowser, openBrowser } from '../world/browser/browser.ts';
import type { OpenBrowser } from '../world/browser/browser.ts';
import { signIn } from '../world/browser/sign-in.ts';
import type { Tab } from '../world/browser/tab.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

const folder = join(import.meta.dirname, '../../docs/portal');
const isTaking = process.env['POSTERN_TAKE_PICTURES'] === '1';

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly heightPx: number;
  /** Brings the page to what the picture shows. */
  readonly arrange: (tab: Tab) => Promise<void>;
}

const pictures: readonly Picture[] = [
  {
    name: 'networking',
    path: 'vaults/demo/demo/networking',
    heightPx: 1150,
    async arrange(tab) {
      const { page } = tab;
      for (const range of ['198.51.100.0/25', '203.0.113.64/26']) {
        await page.getByLabel('IPv4 address or CIDR').fill(range);
        await page.getByRole('button', { name: 'Add', exact: true }).click();
      }
      await page.getByRole('button', { name: /^Remove.* 203\.0\.113\.7$/ }).click();
      await page.getByLabel('Would this address get in?').fill('203.0.113.99');
      await tab.sees('Postern administrator');
      await tab.sees(/Allowed: 203\.0\.113\.99 is in ipRules/);
      await page.getByRole('heading', { level: 1 }).focus();
    },
  },
  {
    name: 'activity',
    path: 'vaults/demo/demo/activity',
    heightPx: 830,
    async arrange(tab) {
      await tab.page.getByText('SecretGet').nth(1).click();
      await tab.sees(/Allow 203\.0\.113\.8/);
    },
  },
];

/** Calls as a morning has them: from the allowed address, and from two that no rule names. */
async function call({ client }: TestServer): Promise<void> {
  for (const from of ['127.0.0.7', '127.0.0.7', '127.0.0.8', '127.0.0.8', '127.0.0.8', '127.0.0.7']) {
    await client.vault('demo', 'GET', '/secrets/greeting', { from });
  }
}

/** The words without times, ids and ports, which differ from run to run. */
function masked(words: string): string {
  return words
    .replaceAll(/\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d/g, 'DAY')
    .replaceAll(/\d\d:\d\d:\d\d/g, 'TIME')
    .replaceAll(/localhost:\d+/g, 'localhost')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replaceAll(/\d+ ms/g, 'MS')
    .replaceAll(/[ \t]+\n/g, '\n');
}

describeInBrowser("the README's pictures of the portal", () => {
  let world: TestServer;
  let browser: OpenBrowser;
  before(async () => {
    world = await startServerWith({ demo: true, portal: readPortal() });
    await call(world);
    browser = await openBrowser(world.client);
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  const open = async (t: TestContext, { path, heightPx: height }: Picture) => {
    const tab = await browser.pageFrom(t, '127.0.0.7', { height });
    const { userPrincipalName: user = '', password = '' } = world.folder.portalUser ?? {};
    await tab.page.goto(`${world.client.home}/portal/${path}`);
    await signIn(tab, { user, password });
    return tab;
  };

  for (const picture of pictures) {
    it(`${picture.name} shows what the page says`, async (t) => {
      const tab = await open(t, picture);
      await picture.arrange(tab);
      const words = masked(await tab.page.locator('main').innerText());
      const file = join(folder, `${picture.name}.txt`);
      if (isTaking) {
        await tab.page.screenshot({ path: join(folder, `${picture.name}.png`) });
        await writeFile(file, `${words.trimEnd()}\n`);
      }
      assert.equal(`${words.trimEnd()}\n`, await readFile(file, 'utf8'), 'take the pictures again: npm run pictures');
    });
  }
});
