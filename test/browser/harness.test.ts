import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, it } from 'node:test';
import { putVault } from '../data-plane/vaults.ts';
import { asReader } from '../documents/needs.ts';
import { axeFaults } from '../world/browser/axe.ts';
import { describeInBrowser, hasCertutil, openBrowser } from '../world/browser/browser.ts';
import type { OpenBrowser } from '../world/browser/browser.ts';
import { lookAs } from '../world/browser/look.ts';
import { expectUsable } from '../world/browser/usable.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { notRun } from '../not-run.ts';
import { html, servePages } from './own-pages.ts';
import type { OwnPages } from './own-pages.ts';

const strict = "default-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'; img-src data:";

const vault = 'seen-by-browser';

/** Pages with a fault, how it is reported, and a page that is nearly the same. */
const faulty: Readonly<Record<string, { readonly says: RegExp; readonly not: string }>> = {
  '/inline': {
    says: /CSP violation: style-src-attr forbids inline|violates the following Content Security/,
    not: '/plain',
  },
  '/throws': { says: /^page error: Error: out of order/m, not: '/inline-allowed' },
  '/asks': { says: /^console error: .* status of 404 .*\/gone\)/m, not: '/late' },
  '/fails': {
    says: /^(?:request failed: GET https:\/\/localhost:1\/nothing: |console error: .*https:\/\/localhost:1\/nothing)/m,
    not: '/late',
  },
};

/** Says what the page is told of the look. */
const tellsLook = `<script>addEventListener('DOMContentLoaded', () => {
  const is = (feature) => matchMedia(feature).matches;
  p.textContent = [innerWidth, is('(prefers-color-scheme: dark)') ? 'dark' : 'light',
    is('(prefers-reduced-motion)') ? 'still' : 'motion', is('(forced-colors: active)') ? 'forced' : 'colours'].join(' ');
});</script>`;

describeInBrowser('the browser of the tests', () => {
  let world: TestServer;
  let pages: OwnPages;
  let browser: OpenBrowser;
  before(async () => {
    world = await startServer();
    pages = await servePages(world, {
      '/plain': {
        body: html('<p>Nothing is wrong here.</p>'),
        headers: { 'content-security-policy': strict },
      },
      '/inline': { body: html('<p style="color:#00f">Blue?</p>'), headers: { 'content-security-policy': strict } },
      '/inline-allowed': { body: html('<p style="color:#00f">Blue.</p>') },
      '/forbidden': { status: 403, body: html('<p>No.</p>') },
      '/wide': {
        body: html(
          '<div style="position:absolute;top:300px;left:0;width:325px">x</div><p class="night">dim</p>',
          '<style>:root{color-scheme:light dark}@media(prefers-color-scheme:dark){.night{color:#333;background:#111}}</style>',
        ),
      },
      '/look': { body: html('<p id="p"></p>', tellsLook) },
      '/throws': { body: html('', '<script>setTimeout(() => { throw new Error("out of order") })</script>') },
      '/asks': {
        body: html(
          '<p id="said"></p>',
          '<script>fetch("/gone").then(({ status }) => { said.textContent = `said ${status}` })</script>',
        ),
      },
      '/fails': { body: html('', '<script>fetch("https://localhost:1/nothing").catch(() => {})</script>') },
      '/pale': { body: html('<p style="color:#777;background:#fff">4.48:1</p>') },
      '/less-pale': { body: html('<p style="color:#767676;background:#fff">4.54:1</p>') },
      '/late': { body: html('<p id="p">soon</p>', '<script>setTimeout(() => { p.textContent = "now" }, 50)</script>') },
    });
    await putVault(world.client, vault);
    browser = await openBrowser(world.client);
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await pages[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it('connects from the address of each page', async (t) => {
    const earlier = pages.askedFrom.length;
    for (const address of ['127.0.0.7', '127.0.0.8']) {
      const { page } = await browser.pageFrom(t, address);
      await page.goto(`${pages.origin}/plain`);
    }
    assert.deepEqual(pages.askedFrom.slice(earlier), ['127.0.0.7', '127.0.0.8']);
  });

  it('resolves the names of vaults, and keeps every request with its status', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    tab.expectFault(/status of 401/);
    tab.expectFault(/favicon/);
    const answer = await tab.page.goto(`${world.client.vaultOrigin(vault)}/secrets?api-version=7.4`);
    assert.equal(answer?.status(), 401);
    // Chromium asks for the icon after the page has loaded.
    await tab.until('the icon was asked for', () => tab.faults.some((fault) => fault.includes('favicon')));
    assert.deepEqual(
      tab.requestsTo(/^GET .*\/secrets\?/).map(({ status }) => status),
      [401],
    );
    assert.deepEqual(tab.requestsTo(/^GET .*\/keys\?/), []);
  });

  it('finds what is wrong with a page, and nothing with one that is nearly the same', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    for (const [path, { says, not }] of Object.entries(faulty)) {
      await tab.page.goto(`${pages.origin}${not}`);
      assert.deepEqual(await tab.complaints(), [], not);
      await tab.page.goto(`${pages.origin}${path}`);
      await tab.until(`there is a fault of ${path}`, () => tab.faults.some((fault) => says.test(fault)));
      assert.ok(
        (await tab.complaints()).every((complaint) => says.test(complaint)),
        tab.faults.join('\n'),
      );
      tab.expectFault(says);
    }
  });

  it('finds an expectation that nothing met', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    tab.expectFault(/status of 403/);
    await tab.page.goto(`${pages.origin}/asks`);
    await tab.sees('said 404');
    const [fault = '', missed] = await tab.complaints();
    assert.match(fault, /status of 404/);
    assert.equal(missed, 'nothing was found that the test expects: /status of 403/');
    tab.expectFault(/status of 404/);
    await tab.page.goto(`${pages.origin}/forbidden`);
    await tab.until('there is nothing to complain of', async () => (await tab.complaints()).length === 0);
  });

  it('waits for what a page shows late, and says in vain for what, with text and screenshot', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    await tab.page.goto(`${pages.origin}/late`);
    await tab.sees('now');
    await tab.losesSight('soon');
    tab.page.setDefaultTimeout(200);
    const failure = await tab.sees('never').then(
      () => assert.fail('it saw what is not there'),
      (error: Error) => error.message,
    );
    const [, screenshot = ''] = /screenshot: (.*)/.exec(failure) ?? [];
    assert.match(failure, /^waited in vain: the page shows getByText\('never'\): /);
    assert.match(failure, /\nits text: "A page\\n\\nnow"\n/);
    assert.match(failure, /\n {2}GET https:\S+\/late: 200$/);
    assert.ok(existsSync(screenshot));
    rmSync(dirname(screenshot), { recursive: true });
  });

  it('lets axe look at a page, whatever its policy, and names rule, element and reason', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    const found = async (path: string) => {
      await tab.page.goto(`${pages.origin}${path}`);
      return axeFaults(tab);
    };
    const [fault = '', ...rest] = await found('/pale');
    assert.match(fault, /^color-contrast: p: .* contrast of 4\.47 .*Expected contrast ratio of 4\.5:1/);
    assert.deepEqual(rest, []);
    assert.deepEqual(await found('/less-pale'), []);
    assert.deepEqual(await found('/plain'), []);
  });

  it('tries a page with every look, and says which of them have a fault', async (t) => {
    const tab = await browser.pageFrom(t, '127.0.0.7');
    await tab.page.goto(`${pages.origin}/plain`);
    await expectUsable(tab);
    await tab.page.goto(`${pages.origin}/wide`);
    const failure = await expectUsable(tab).then(
      () => assert.fail('the page was found to be usable'),
      (error: Error) => error.message,
    );
    const [, screenshot = ''] = /screenshot: (.*)/.exec(failure) ?? [];
    rmSync(dirname(screenshot), { recursive: true });
    const found = failure.slice(0, failure.indexOf('\nthe page is')).split('\n');
    assert.deepEqual(
      found.map((line) => line.replace(/(color-contrast: \S+): .*/, '$1')),
      [
        'dark: color-contrast: p',
        'dark, 320 px: color-contrast: p',
        'dark, 320 px: the page is 5 px wider than its window',
      ],
    );
  });

  it('looks at a page as it is asked to, at first and later', async (t) => {
    const night = { width: 390, scheme: 'dark' } as const;
    const tab = await browser.pageFrom(t, '127.0.0.7', night);
    await tab.page.goto(`${pages.origin}/look`);
    await tab.sees('390 dark motion colours');
    const rows = [
      [{}, '1280 light motion colours'],
      [{ reducedMotion: true, forcedColours: true }, '1280 light still forced'],
      [night, '390 dark motion colours'],
    ] as const;
    for (const [look, expected] of rows) {
      await lookAs(tab.page, look);
      await tab.page.reload();
      await tab.sees(expected);
    }
  });

  it('fails a test whose page has a fault, and no other, and says how the page looked', async () => {
    const { home, ca } = world.client;
    const program = join(import.meta.dirname, 'judged.ts');
    // Where root runs the tests, an ordinary user runs these, whose browser has a sandbox.
    const user = process.geteuid?.() === 0 ? asReader : [];
    const [command, ...words] = [...user, process.execPath, '--test-reporter=tap', program, home, ca];
    const env = { PATH: process.env['PATH'] ?? '', HOME: tmpdir() };
    const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
      execFile(command, words, { env }, (error, said) => resolve({ code: error?.code, stdout: said }));
    });
    assert.equal(code, 1, stdout);
    assert.deepEqual(stdout.match(/^(?:not )?ok .*$/gm), [
      'ok 1 - passes',
      'ok 2 - has a sandbox',
      'not ok 3 - fails in the end',
    ]);
    assert.match(stdout, /console error: .* status of 404 .*\/common\/nowhere\)/);
    const [, screenshot = ''] = /screenshot: (.*)/.exec(stdout) ?? [];
    assert.ok(existsSync(screenshot), stdout);
    rmSync(dirname(screenshot), { recursive: true });
  });
});

describeInBrowser('a browser of the tests that is not told of the server’s key', () => {
  let world: TestServer;
  before(async () => {
    world = await startServer();
  });
  after(() => world[Symbol.asyncDispose]());

  it('does not take its certificate', async (t) => {
    await using browser = await openBrowser(world.client, { trust: 'nothing' });
    await t.test('a page', async (inner) => {
      const tab = await browser.pageFrom(inner, '127.0.0.7');
      await assert.rejects(tab.page.goto(`${world.client.home}/devicelogin`), /net::ERR_CERT_AUTHORITY_INVALID/);
      tab.expectFault(/^request failed: GET \S+\/devicelogin: net::ERR_CERT_AUTHORITY_INVALID$/);
    });
  });

  it('takes it where the store of its user has the authority, and that of no other server', async (t) => {
    if (!hasCertutil) {
      notRun('a browser with a store of certificates', 'there is no certutil (Debian: apt-get install libnss3-tools)');
      return;
    }
    await using other = await startServer();
    await using browser = await openBrowser(world.client, { trust: 'store' });
    await t.test('a page', async (inner) => {
      const tab = await browser.pageFrom(inner, '127.0.0.7');
      await tab.page.goto(`${world.client.home}/devicelogin`);
      await tab.sees('The code that your device shows');
      await assert.rejects(tab.page.goto(`${other.client.home}/devicelogin`), /net::ERR_CERT_AUTHORITY_INVALID/);
      tab.expectFault(/^request failed: GET \S+\/devicelogin: net::ERR_CERT_AUTHORITY_INVALID$/);
    });
  });
});
