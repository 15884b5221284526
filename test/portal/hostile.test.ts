/** The policy of the portal's page, tried in a real browser: frames, scripts and forms of another server, and names with markup. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { html, servePages } from '../browser/own-pages.ts';
import type { OwnPages } from '../browser/own-pages.ts';
import { acls, putVault } from '../data-plane/vaults.ts';
import { describeInBrowser } from '../world/browser/browser.ts';
import { startPortal } from './portal-world.ts';
import type { PortalWorld } from './portal-world.ts';

const from = '127.0.0.7';
const markup = '"><img src=x onerror="document.title=1"><script>document.title=2</script>';

/** Scripts that run in a page of the portal, as if they had got there, and the directive of its policy that refuses each. */
const tries: Readonly<Record<string, { readonly does: string; readonly directive: string }>> = {
  'a script of another server': {
    does: `import(elsewhere + '/evil.js').catch(() => {})`,
    directive: 'script-src-elem',
  },
  'an element with such a script': {
    does: `const s = document.createElement('script'); s.setAttribute('src', elsewhere + '/evil.js'); document.head.append(s)`,
    directive: 'require-trusted-types-for',
  },
  'a handler in an attribute': {
    does: `const b = document.createElement('button'); b.setAttribute('onclick', 'document.title = "run"'); document.body.append(b); b.click()`,
    directive: 'require-trusted-types-for',
  },
  'markup as HTML': {
    does: `document.createElement('div').innerHTML = '<b>x</b>'`,
    directive: 'require-trusted-types-for',
  },
  'a policy for HTML of its own': {
    does: `trustedTypes.createPolicy('default', { createHTML: (text) => text })`,
    directive: 'trusted-types',
  },
  'a style in an attribute': {
    does: `document.body.setAttribute('style', 'color: red')`,
    directive: 'style-src-attr',
  },
  'an image of another server': {
    does: `const i = document.createElement('img'); i.src = elsewhere + '/seen.png'; document.body.append(i)`,
    directive: 'img-src',
  },
  'a request to another server': { does: `fetch(elsewhere + '/taken').catch(() => {})`, directive: 'connect-src' },
  'a frame of another server': {
    does: `const f = document.createElement('iframe'); f.src = elsewhere + '/frame'; document.body.append(f)`,
    directive: 'frame-src',
  },
  'another base of its links': {
    does: `const b = document.createElement('base'); b.href = elsewhere; document.head.append(b)`,
    directive: 'base-uri',
  },
  'a form that is sent to another server': {
    does: `const f = document.createElement('form'); f.action = elsewhere + '/form'; document.body.append(f); f.submit()`,
    directive: 'form-action',
  },
};

describeInBrowser('a page of the portal', () => {
  let portal: PortalWorld;
  let pages: OwnPages;
  before(async () => {
    portal = await startPortal();
    await putVault(portal.server.client, 'kv-any');
    pages = await servePages(portal.server, {
      '/framing': { body: html(`<iframe src="${portal.server.client.home}/portal/" width="600"></iframe>`) },
      '/framing-own': { body: html('<iframe src="/framed"></iframe>') },
      '/framed': { body: html('<p>This may be framed.</p>') },
    });
  });
  after(async () => {
    await pages[Symbol.asyncDispose]();
    await portal[Symbol.asyncDispose]();
  });

  it('is in no frame of another server', async (t) => {
    const tab = await portal.browser.pageFrom(t, from);
    await tab.page.goto(`${pages.origin}/framing-own`);
    await tab.sees(tab.page.frameLocator('iframe').getByText('This may be framed.'));
    tab.expectFault(/frame-ancestors|ERR_BLOCKED_BY_RESPONSE|Refused to frame|Framing/);
    await tab.page.goto(`${pages.origin}/framing`);
    await tab.until('the frame was refused', () => tab.faults.length > 0);
    const frame = tab.page.frames().find((each) => each !== tab.page.mainFrame());
    assert.doesNotMatch((await frame?.content()) ?? '', /id="portal"/);
  });

  it('runs, shows, asks and sends nothing of another server, whatever is written into it', async (t) => {
    const tab = await portal.open(t, { from, path: '' });
    const { page } = tab;
    await tab.sees(`seen as 203.0.113.7`);
    for (const [what, { does, directive }] of Object.entries(tries)) {
      const refused = new RegExp(`^CSP violation: (?:${directive}) forbids`, 'm');
      const count = () => tab.faults.filter((fault) => refused.test(fault)).length;
      const earlier = count();
      await page.evaluate(`(() => { const elsewhere = ${JSON.stringify(pages.origin)}; try { ${does} } catch {} })()`);
      await tab.until(`${what} was refused by ${directive}`, () => count() > earlier);
      assert.notEqual(await page.title(), 'run', what);
      assert.ok(!page.url().startsWith(pages.origin), page.url());
    }
    tab.expectFault(/CSP violation|Content Security Policy|requires 'Trusted|: csp$/i);
    const answered = tab.requestsTo(/./).filter(({ url, status }) => url.startsWith(`${pages.origin}/`) && status);
    assert.deepEqual(answered, []);
  });

  it('shows markup in a name as it is written', async (t) => {
    const { client } = portal.server;
    const token = await client.token('arm');
    const make = async (collection: string, body: object) => {
      const made = await client.send(`${client.home}/v1.0/${collection}`, { method: 'POST', token, body });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return made.body;
    };
    const { appId } = await make('applications', { displayName: markup });
    const { id } = await make('servicePrincipals', { appId });
    const policies = [{ objectId: String(id), secrets: ['get'] }];
    await putVault(client, 'kv-named', { networkAcls: acls.allow, policies });
    const tab = await portal.open(t, { from, path: 'vaults/rg/kv-named/access' });
    const { page } = tab;
    await tab.sees(page.getByRole('button', { name: `Edit the policy of ${markup}` }));
    await page.getByLabel('Who').selectOption(String(id));
    await tab.sees(`access policy of ${markup}`);
    assert.equal(await page.locator('img[src="x"], main script').count(), 0);
    assert.match(await page.title(), /kv-named/);
  });
});
