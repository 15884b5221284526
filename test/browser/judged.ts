/** Two tests, of which one must fail, in a process of their own so that it can be another user's. `HOME-URL CA-PEM` */
import { after, before, test } from 'node:test';
import { openBrowser } from '../world/browser/browser.ts';
import type { OpenBrowser } from '../world/browser/browser.ts';

const [, , home = '', ca = ''] = process.argv;

let browser: OpenBrowser;
before(async () => {
  browser = await openBrowser({ home, ca });
});
after(() => browser[Symbol.asyncDispose]());

test('passes', async (t) => {
  const { page } = await browser.pageFrom(t, '127.0.0.7');
  await page.goto(`${home}/devicelogin`);
});

test('has a sandbox', async (t) => {
  const tab = await browser.pageFrom(t, '127.0.0.7');
  await tab.page.goto('chrome://sandbox');
  await tab.sees('You are adequately sandboxed.');
});

test('fails in the end', async (t) => {
  const { page } = await browser.pageFrom(t, '127.0.0.7');
  await page.goto(`${home}/devicelogin?nowhere`);
  await page.goto(`${home}/common/nowhere`);
});
