/** The portal's sign-in, in a real browser against the real command. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { describeInBrowser, openBrowser } from '../world/browser/browser.ts';
import type { OpenBrowser } from '../world/browser/browser.ts';
import { signIn } from '../world/browser/sign-in.ts';
import type { Tab } from '../world/browser/tab.ts';
import { expectUsable } from '../world/browser/usable.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

describeInBrowser("the portal's session", () => {
  const folder = dataFolder();
  let server: RunningPostern;
  let browser: OpenBrowser;
  before(async () => {
    server = await startPostern(['--data', folder.path]);
    browser = await openBrowser(server.client);
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const demoUser = () => {
    const { user = '', password = '' } = server.ready.portal;
    return { user, password };
  };
  /** The list of vaults is there, and the vault's answer too: nothing is under way. */
  const arrives = async (tab: Tab) => {
    await tab.sees(title(tab, 'Vaults'));
    await tab.sees('203.0.113.7');
  };
  const title = (tab: Tab, name: string) => tab.page.getByRole('heading', { level: 1, name });

  it('begins at a deep link, survives a reload without a word, and ends', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    await tab.page.goto(`${server.ready.portal.url}vaults/demo/demo?filter=a%2Fb`);
    await signIn(tab, demoUser());
    await tab.sees(title(tab, 'demo'));
    await tab.sees('203.0.113.7');
    assert.equal(tab.page.url(), `${server.ready.portal.url}vaults/demo/demo?filter=a%2Fb`);

    await tab.page.reload();
    await tab.sees(title(tab, 'demo'));
    const kept = await tab.page.evaluate<readonly [number, number, string]>(
      '[localStorage.length, sessionStorage.length, document.cookie]',
    );
    assert.deepEqual(kept, [0, 0, ''], 'the page keeps nothing, and reads no cookie');

    await tab.sees('203.0.113.7');
    const other = await tab.another();
    await other.page.goto(`${server.ready.portal.url}vaults/demo/demo`);
    await other.sees('You get in from 203.0.113.7.');
    await other.page.getByLabel('Disable public access').check();
    await tab.page.getByRole('button', { name: 'Sign out' }).click();
    for (const each of [tab, other]) await each.sees(each.page.getByRole('heading', { name: 'Sign in' }));
    await signIn(other, demoUser());
    await other.sees('Who gets in');
  });

  it('does not take an answer of the sign-in page that is not to its own request', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    await tab.page.goto(server.ready.portal.url);
    await signIn(tab, demoUser());
    await arrives(tab);
    assert.doesNotMatch(tab.page.url(), /code=/, 'the code has left the address');
    const code = tab.requestsTo(/GET .*\/portal\/\?.*code=/)[0]?.url ?? '';
    assert.notEqual(code, '');

    // Its code was redeemed, and nothing waits for it: the page signs in again, by the session.
    await tab.page.goto(code);
    await arrives(tab);
    assert.equal(tab.requestsTo(/POST .*\/token$/).length, 2);

    await tab.page.evaluate(
      `sessionStorage.setItem('postern.sign-in', JSON.stringify({ verifier: 'v'.repeat(43), state: 'mine', nonce: 'n', returnTo: '/portal/' }))`,
    );
    await tab.page.goto(`${server.ready.portal.url}?code=stolen&state=another`);
    await tab.sees('You are not signed in.');
    await tab.sees('The answer of the sign-in page is not the one to this request.');
    assert.equal(tab.requestsTo(/POST .*\/token$/).length, 2);

    await tab.page.evaluate(
      `sessionStorage.setItem('postern.sign-in', JSON.stringify({ verifier: 'v'.repeat(43), state: 'mine', nonce: 'n', returnTo: '/portal/' }))`,
    );
    const refused = new URLSearchParams({
      error: 'access_denied',
      error_description: 'AADSTS65004: <b>Declined</b>',
      state: 'mine',
    });
    await tab.page.goto(`${server.ready.portal.url}?${refused.toString()}`);
    await tab.sees('AADSTS65004: <b>Declined</b>');
    await tab.page.getByRole('button', { name: 'Try again' }).click();
    await arrives(tab);
  });

  it('shows the vaults to everyone, and its keys, in every look', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.8');
    await tab.page.goto(server.ready.portal.url);
    await signIn(tab, demoUser());
    await tab.sees('1 subnet · 1 IP rule · trusted services');
    await tab.sees('203.0.113.8');
    await expectUsable(tab);

    await tab.page.keyboard.press('?');
    await tab.sees(tab.page.getByRole('dialog', { name: 'Keys' }));
    await expectUsable(tab);
    await tab.page.keyboard.press('Escape');
    await tab.page.keyboard.type('gn');
    await tab.sees(title(tab, 'Virtual networks'));
    await tab.page.keyboard.type('/demo');
    await tab.page.keyboard.press('Enter');
    await tab.sees(title(tab, 'Vaults'));
    await tab.sees('2 vaults shown');
    await tab.page.getByLabel('Find a vault').fill('open');
    await tab.page.keyboard.press('Enter');
    await tab.sees(title(tab, 'open'));
  });

  it('says that the server does not answer, and goes on when it does again', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.8');
    const { page } = tab;
    await page.goto(server.ready.portal.url);
    await signIn(tab, demoUser());
    await tab.sees('203.0.113.8');
    tab.expectFault(/ERR_FAILED|Failed to fetch/);
    await page.route(/assets|virtualNetworks/, (route) => route.abort());
    await page.getByRole('link', { name: 'Virtual networks' }).click();
    await tab.sees('This page could not be loaded.');
    await page.unroute(/assets|virtualNetworks/);
    await page.route(/virtualNetworks/, (route) => route.abort());
    await page.getByRole('button', { name: 'Try again' }).click();
    await tab.sees('The server does not answer. Is it running?');
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await tab.sees('2 networks');
  });

  it('does not come back by the way back, once it has ended', async (t) => {
    await using keeping = await openBrowser(server.client, { keepsLeft: true });
    const tab = await keeping.pageFrom(t, '127.0.0.7');
    await tab.page.goto(`${server.ready.portal.url}vaults/demo/demo/access`);
    await signIn(tab, demoUser());
    await tab.sees('Permission model');
    // The browser says what it showed when it put the page back, before the page began again.
    await tab.page.evaluate(
      `addEventListener('pageshow', ({ persisted }) => sessionStorage.setItem('back', persisted + ' ' + document.querySelector('#portal').innerText))`,
    );
    await tab.page.getByRole('button', { name: 'Sign out' }).click();
    await tab.sees(tab.page.getByRole('heading', { name: 'Sign in' }));
    await tab.page.evaluate('history.go(-2)');
    await tab.until('the page was put back', async () => (await tab.page.evaluate('sessionStorage.back')) === 'true ');
    await tab.sees(tab.page.getByRole('heading', { name: 'Sign in' }));
  });
});

describeInBrowser('the portal in a browser that does not know the authority', () => {
  const folder = dataFolder();
  let server: RunningPostern;
  let browser: OpenBrowser;
  before(async () => {
    server = await startPostern(['--data', folder.path]);
    browser = await openBrowser(server.client, { trust: 'nothing' });
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it('says after the warning for its own host why the vaults do not answer, and what ends it', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    const { url, user = '', password = '' } = server.ready.portal;
    tab.expectFault(/ERR_CERT_AUTHORITY_INVALID/);
    await assert.rejects(() => tab.page.goto(url), /ERR_CERT_AUTHORITY_INVALID/);
    const proceed = async () => {
      await tab.page.locator('#details-button').click();
      await tab.page.locator('#proceed-link').click();
    };
    await proceed();
    await signIn(tab, { user, password });
    await tab.sees('Your browser does not reach the vaults.');
    await tab.sees('postern trust install');
    await tab.sees(tab.page.getByRole('link', { name: 'demo', exact: true }));

    // A browser keeps its exception by host: whoever opens the vault once is let through to it.
    const vault = await tab.page.getByRole('link', { name: /^open https:\/\/demo\.vault/ }).getAttribute('href');
    tab.expectFault(/ 404 .*demo\.vault\.localhost:\d+\/favicon/);
    await assert.rejects(() => tab.page.goto(vault ?? ''), /ERR_CERT_AUTHORITY_INVALID/);
    await proceed();
    await tab.sees('true');
    // Chromium asks for the icon after the page has loaded.
    await tab.until('the icon was asked for', () => tab.faults.some((fault) => fault.includes('favicon')));
    await tab.page.goto(url);
    await tab.sees('203.0.113.7');
    assert.equal(await tab.page.getByText('Your browser does not reach the vaults.').count(), 0);
  });
});
