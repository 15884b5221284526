import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { auditText, recordsWhere } from '../data-plane/vaults.ts';
import { axeFaults } from '../world/browser/axe.ts';
import { describeInBrowser, openBrowser } from '../world/browser/browser.ts';
import type { OpenBrowser } from '../world/browser/browser.ts';
import { looks } from '../world/browser/look.ts';
import { signIn, submit } from '../world/browser/sign-in.ts';
import { freePort, startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { html, servePages } from './own-pages.ts';
import type { OwnPages } from './own-pages.ts';

const ada = { user: 'ada@contoso.example', password: 'correct horse & battery' };
const clientId = 'a3333333-2222-4222-8222-222222222222';

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

  for (const [name, look] of Object.entries(looks)) {
    it(`has a page that everybody can use: ${name}`, async (t) => {
      const tab = await browser.pageFrom(t, '127.0.0.7', look);
      await tab.page.goto(address());
      assert.deepEqual(await axeFaults(tab), []);
      assert.equal(await tab.excessWidthPx(), 0);
    });
  }

  it('fails on the page with a wrong password, and the log has the address of each browser', async (t) => {
    for (const from of ['127.0.0.7', '127.0.0.8']) {
      const tab = await browser.pageFrom(t, from);
      tab.expectFault(/status of 400 .*\/login\)$/);
      await tab.page.goto(address());
      await submit(tab, { ...ada, password: 'wrong' });
      await tab.sees('Error validating credentials due to invalid username or password.');
      await assert.rejects(signIn(tab, { ...ada, password: 'wrong' }), /AADSTS50126: Error validating/);
    }
    const failed = await recordsWhere(world, ({ category }) => category === 'SignInLogs', 4);
    assert.deepEqual(
      failed.map(({ callerIpAddress, resultType }) => [callerIpAddress, resultType]),
      ['203.0.113.7', '203.0.113.7', '203.0.113.8', '203.0.113.8'].map((ip) => [ip, '50126']),
    );
    assert.equal(auditText(world.folder.path).includes(ada.password), false);
  });
});
