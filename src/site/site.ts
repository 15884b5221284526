import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HomeHost, HomeListener, NameSet } from '../http/host.ts';
import { noteSubject } from '../http/measured.ts';
import { prefersHtml } from '../http/negotiate.ts';
import { pathOf } from '../http/request.ts';
import type { PortalSettings } from '../types/portal-settings.ts';
import { landingPage, noPortalPage } from './pages.ts';
import type { BuiltFile, FoundPortal } from './portal-files.ts';
import { freshReply, lastingReply, sendReply } from './reply.ts';
import type { Reply } from './reply.ts';

/** The server, as the site shows it. */
export interface SiteParts {
  readonly settings: Omit<PortalSettings, 'vaultSuffix'>;
  /** The sets of names under which the server is reached, and whose ports are known. */
  readonly sets: readonly NameSet[];
  readonly portal: FoundPortal;
}

/** The replies of the site under one set of names. */
interface Replies {
  readonly landing: Reply;
  readonly settings: Reply;
  /** The portal's page, for every path below `/portal/` that has no reply of its own. */
  readonly page: Reply;
}

interface Site {
  readonly repliesOf: (names: NameSet) => Replies;
  /** By path; the same under all names. */
  readonly assets: ReadonlyMap<string, Reply>;
}

/**
 * The pages for people at the server's own host. Everything is in memory and found by the path as it was sent: no path of
 * a request reaches the file system. None of it needs a token, so none of it has a secret.
 */
export function openSite({ settings, sets, portal }: SiteParts): HomeListener {
  const made = new WeakMap<NameSet, Replies>();
  const make = (names: NameSet): Replies => ({
    landing: landingPage(names),
    settings: settingsReply(settings, names),
    page: portalPage(portal, sets.includes(names) ? sets : [names, ...sets]),
  });
  const repliesOf = (names: NameSet): Replies => {
    const replies = made.get(names) ?? make(names);
    made.set(names, replies);
    return replies;
  };
  const site = { repliesOf, assets: portalAssets(portal, sets) };
  return (request: IncomingMessage, response: ServerResponse, { names, service }: HomeHost) => {
    // A host of Azure's names has one service alone.
    const reply = service === undefined ? replyTo(request, names, site) : undefined;
    if (reply === undefined) return false;
    noteSubject(response, { edge: 'site', operation: 'page' });
    sendReply(request, response, reply);
    return true;
  };
}

const toPortal = freshReply('text/plain; charset=utf-8', '', { status: 308, headers: ['location', '/portal/'] });
const text = 'text/plain; charset=utf-8';
const noAsset = freshReply(text, 'The portal has no such file. Load its page again.\n', { status: 404 });
const readOnly = freshReply(text, 'The portal is read: use GET or HEAD.\n', {
  status: 405,
  headers: ['allow', 'GET, HEAD'],
});

function replyTo({ method, url = '', headers }: IncomingMessage, names: NameSet, { repliesOf, assets }: Site) {
  const isRead = method === 'GET' || method === 'HEAD';
  if (!url.startsWith('/portal')) {
    return isRead && pathOf(url) === '/' && prefersHtml(headers.accept) ? repliesOf(names).landing : undefined;
  }
  const path = pathOf(url);
  if (path !== '/portal' && !path.startsWith('/portal/')) return undefined;
  if (!isRead) return readOnly;
  if (path === '/portal') return toPortal;
  if (path === '/portal/settings.json') return repliesOf(names).settings;
  return path.startsWith('/portal/assets/') ? (assets.get(path) ?? noAsset) : repliesOf(names).page;
}

function settingsReply(settings: SiteParts['settings'], { vaultSuffix }: NameSet): Reply {
  const whole: PortalSettings = { ...settings, vaultSuffix };
  return freshReply('application/json; charset=utf-8', JSON.stringify(whole));
}

function portalPage(portal: FoundPortal, sets: readonly NameSet[]): Reply {
  if (!portal.ok) return noPortalPage(portal.why);
  return replyOf(freshReply, portal.files.page, policyHeader(sets));
}

function portalAssets(portal: FoundPortal, sets: readonly NameSet[]): ReadonlyMap<string, Reply> {
  if (!portal.ok) return new Map();
  return new Map(
    [...portal.files.assets].map(([name, file]) => [
      `/portal/assets/${name}`,
      replyOf(lastingReply, file, policyHeader(sets)),
    ]),
  );
}

function policyHeader(sets: readonly NameSet[]): readonly string[] {
  return ['content-security-policy', portalPolicy(sets)];
}

function replyOf(make: typeof freshReply, { type, body, gzip }: BuiltFile, headers: readonly string[]): Reply {
  return make(type, body, { gzip, headers });
}

/**
 * The portal loads nothing from elsewhere and runs nothing that it did not bring. It calls its own origin and the vaults:
 * a vault's firewall judges the address of the browser, so the browser must ask the vault itself.
 */
function portalPolicy(sets: readonly NameSet[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self' ${sets.map(({ vaultSuffix }) => `https://*${vaultSuffix}`).join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}
