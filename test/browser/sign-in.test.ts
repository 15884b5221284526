import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, it } from 'node:test';
import type { AuditRecord } from '../../src/audit/event.ts';
import { auditRecords, recordsWhere } from '../data-plane/vaults.ts';
import { describeInBrowser, openBrowser } from '../world/browser/browser.ts';
import type { OpenBrowser } from '../world/browser/browser.ts';
import { signIn, submit } from '../world/browser/sign-in.ts';
import type { Tab } from '../world/browser/tab.ts';
import { expectUsable } from '../world/browser/usable.ts';
import { freePort } from '../world/free-port.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { html, servePages } from './own-pages.ts';
import type { OwnPages } from './own-pages.ts';

const ada = { user: 'ada@contoso.example', password: 'correct horse & battery' };
const clientId = 'a3333333-2222-4222-8222-222222222222';

/** The keyboard writes into this field, without a click. */
async function expectFocus(tab: Tab, label: string): Promise<void> {
  await tab.sees(tab.page.getByLabel(label).and(tab.page.locator(':focus')));
}

describeInBrowser('signing in by a browser', () => {
  let world: TestServer;
  let pages: OwnPages;
  let browser: OpenBrowser;
  before(async () => {
    const port = await freePort();
    const user = { userPrincipalName: ada.user, password: ada.password, displayName: 'Ada' };
    const redirectUris = { spa: [`https://localhost:${port}/portal/`] };
    const client = { clientId, publicClient: true, displayName: 'A page', redirectUris };
    world = await startServerWith({ config: { users: [user], clients: [client] } });
    pages = await servePages(world, { '/portal/': { body: html('<p>Welcome.</p>') } }, port);
    browser = await openBrowser(world.client);
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await pages[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  const address = (more: Readonly<Record<string, string>> = {}) => {
    const query = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: `${pages.origin}/portal/`,
      scope: 'openid',
      state: 'sent along',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
      ...more,
    });
    return `${world.client.home}/organizations/oauth2/v2.0/authorize?${query.toString()}`;
  };

  const userCode = async () => {
    const answer = await world.client.send(`${world.client.home}/organizations/oauth2/v2.0/devicecode`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: clientId, scope: 'openid' }).toString(),
    });
    return String(answer.body['user_code']);
  };

  it('leads back to the page with a code, and a second time without a word', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    for (const turn of ['first', 'second']) {
      await tab.page.goto(address());
      if (turn === 'first') await signIn(tab, ada);
      await tab.sees('Welcome.');
      const { pathname, searchParams } = new URL(tab.page.url());
      assert.deepEqual([pathname, searchParams.get('state')], ['/portal/', 'sent along']);
      assert.match(searchParams.get('code') ?? '', /^[\w-]{43}$/);
      assert.equal(tab.requestsTo(/^POST .*\/login$/).length, 1, turn);
    }
    const cookies = await tab.page.context().cookies();
    assert.deepEqual(
      new Map(cookies.map(({ name, httpOnly, secure, sameSite }) => [name, [httpOnly, secure, sameSite]])),
      new Map(['__Host-postern-session', '__Host-postern-sign-in'].map((name) => [name, [true, true, 'Strict']])),
    );
    assert.equal(await tab.page.evaluate('document.cookie'), '');
  });

  it('has pages that everybody can use', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    const { page } = tab;
    const { home } = world.client;
    tab.expectFault(/status of 400/);
    await page.goto(address());
    await tab.sees('to continue to A page');
    await expectFocus(tab, 'User name');
    await expectUsable(tab);
    await page.goto(address({ login_hint: ada.user }));
    await expectFocus(tab, 'Password');
    await submit(tab, { ...ada, password: 'wrong' });
    await tab.sees(page.getByRole('alert'));
    await expectFocus(tab, 'Password');
    await expectUsable(tab);

    await page.goto(address({ redirect_uri: `https://evil.example/${'a-long-path'.repeat(9)}` }));
    await tab.sees('AADSTS50011: The redirect URI');
    await expectUsable(tab);

    await page.goto(`${home}/devicelogin`);
    await expectFocus(tab, 'The code that your device shows');
    await page.keyboard.type('WRONG');
    await page.keyboard.press('Enter');
    await tab.sees(page.getByRole('alert'));
    await expectUsable(tab);
    await page.getByRole('textbox').fill(await userCode());
    await page.keyboard.press('Enter');
    await tab.sees('You are signing in to A page on another device.');
    await expectUsable(tab);

    await page.goto(address({ prompt: 'none', response_mode: 'form_post' }));
    await tab.sees(`To go back to ${pages.origin}, choose Continue.`);
    await expectUsable(tab);
    await page.getByRole('button', { name: 'Continue' }).click();
    await tab.sees('Welcome.');

    await page.goto(`${home}/common/oauth2/v2.0/logout`);
    await tab.sees('You are signed out in this browser.');
    await expectUsable(tab);
  });

  it('fails on the page with a wrong password, and the log has the address of each browser', async (t) => {
    const isSignIn = ({ category }: AuditRecord) => category === 'SignInLogs';
    const earlier = auditRecords(world).filter(isSignIn).length;
    for (const from of ['127.0.0.7', '127.0.0.8']) {
      const tab = await browser.pageFrom(t, from);
      tab.expectFault(/status of 400 .*\/login\)$/);
      await tab.page.goto(address());
      await submit(tab, { ...ada, password: 'wrong' });
      await tab.sees('Error validating credentials due to invalid username or password.');
    }
    const failed = await recordsWhere(world, isSignIn, earlier + 2);
    assert.deepEqual(
      failed.slice(earlier).map(({ callerIpAddress, resultType }) => [callerIpAddress, resultType]),
      [
        ['203.0.113.7', '50126'],
        ['203.0.113.8', '50126'],
      ],
    );
  });

  it('fails a test that signs in with a wrong password, with what the page says', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    tab.expectFault(/status of 400/);
    await tab.page.goto(address());
    const failure = await signIn(tab, { ...ada, password: 'wrong' }).then(
      () => assert.fail('it signed in'),
      (error: Error) => error.message,
    );
    assert.match(failure, /^AADSTS50126: Error validating credentials .*\nthe page is https:/);
    const [, screenshot = ''] = /screenshot: (.*)/.exec(failure) ?? [];
    rmSync(dirname(screenshot), { recursive: true });
  });
});
