import { spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';
import { chromium } from 'playwright-core';
import type { BrowserContext } from 'playwright-core';
import { notRun } from '../../not-run.ts';
import type { Client } from '../client.ts';
import { openConnectProxy } from './connect-proxy.ts';
import type { ConnectProxy } from './connect-proxy.ts';
import { contextOptions } from './look.ts';
import type { Look } from './look.ts';
import { Tab } from './tab.ts';

const executablePath = '/usr/bin/chromium';

/**
 * Why a browser takes the server's certificate: because the test names its `key`, because a `store` of the browser's
 * user has the authority (as after `postern trust install`), or for no reason: `nothing`.
 */
export type Trust = 'key' | 'store' | 'nothing';

export interface BrowserOptions {
  readonly trust?: Trust;
  /** Whether pages that were left come back as they were (the back/forward cache), which Playwright's browsers do without. */
  readonly keepsLeft?: boolean;
}

export interface OpenBrowser extends AsyncDisposable {
  readonly version: string;
  /** A context whose connections come from a loopback address: 127.0.0.7 is seen as 203.0.113.7. */
  readonly contextFrom: (address: string, look?: Partial<Look>) => Promise<BrowserContext>;
  /**
   * A page of such a context of its own. It is closed after the test, which fails if the page did something wrong that
   * the test does not expect; where the test has failed, it says how the page looked then.
   */
  readonly pageFrom: (t: TestContext, address: string, look?: Partial<Look>) => Promise<Tab>;
}

/** Tests that need a browser: where there is none, they say that they did not run. */
export function describeInBrowser(name: string, body: () => void): void {
  describe(name, () => {
    if (existsSync(executablePath)) body();
    else it('needs Chromium', () => notRun(name, 'there is no chromium (Debian: apt-get install chromium)'));
  });
}

/** Whether a store of certificates can be made for a browser. */
export const hasCertutil = spawnSync('certutil', ['-H']).error === undefined;

/**
 * Debian's Chromium, without a screen, for the server of a client. It has a home of its own: it reads no store of the
 * user who runs the tests, and leaves nothing there. It reaches nothing but the pages' proxies.
 */
export async function openBrowser(
  server: Pick<Client, 'home' | 'ca'>,
  { trust = 'key', keepsLeft = false }: BrowserOptions = {},
): Promise<OpenBrowser> {
  const home = mkdtempSync(join(tmpdir(), 'postern-browser-'));
  const proxies = new Map<string, ConnectProxy>();
  const proxyOf = async (address: string) => {
    const proxy = proxies.get(address) ?? (await openConnectProxy(address));
    proxies.set(address, proxy);
    return { server: proxy.url, bypass: '<-loopback>' };
  };
  if (trust === 'store') putInStore(home, server.ca);
  const browser = await chromium.launch({
    executablePath,
    // Chromium refuses to start as root with its sandbox, which is made of another user's namespaces; every other user
    // has it. What root's browser shows here are the pages of this checkout.
    chromiumSandbox: process.geteuid?.() !== 0,
    // Chromium itself asks for nothing: no connection of its own would be answered.
    proxy: { server: 'http://127.0.0.1:1', bypass: '<-loopback>' },
    args: trust === 'key' ? [`--ignore-certificate-errors-spki-list=${await keyDigestOf(server)}`] : [],
    ...(keepsLeft && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
    env: { PATH: process.env['PATH'] ?? '', HOME: home },
  });
  const contextFrom = async (address: string, look: Partial<Look> = {}) =>
    browser.newContext({ ...contextOptions(look), proxy: await proxyOf(address) });
  return {
    version: browser.version(),
    contextFrom,
    async pageFrom(t, address, look) {
      return watched(t, await contextFrom(address, look));
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      for (const proxy of proxies.values()) await proxy[Symbol.asyncDispose]();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function watched(t: TestContext, context: BrowserContext): Promise<Tab> {
  const tab = await Tab.in(context);
  t.after(async () => {
    try {
      if (t.error === null) await tab.assertClean();
      else process.stderr.write(`${t.name}: ${await tab.describe()}\n`);
    } finally {
      await context.close();
    }
  });
  return tab;
}

/** The digest of the key in the server's certificate, which its authority signed, in Chromium's form. */
async function keyDigestOf({ home, ca }: Pick<Client, 'home' | 'ca'>): Promise<string> {
  const { hostname, port } = new URL(home);
  const socket = connect({ host: '127.0.0.1', port: Number(port), servername: hostname, ca });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  const key = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** Makes the store of a browser's user, with an authority that it trusts for servers. */
function putInStore(home: string, ca: string): void {
  const folder = join(home, '.pki/nssdb');
  const file = join(home, 'ca.pem');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, ca);
  for (const words of [
    ['-N', '--empty-password'],
    ['-A', '-n', 'the test server', '-t', 'C,,', '-i', file],
  ]) {
    const { status, stderr } = spawnSync('certutil', [...words, '-d', `sql:${folder}`], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`certutil ${words.join(' ')}: ${stderr}`);
  }
}
