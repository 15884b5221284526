import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HomeHost, HomeListener, NameSet } from '../http/host.ts';
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
  /** The sets of names under which the server is reached. */
  readonly sets: readonly NameSet[];
  readonly portal: FoundPortal;
}

/** The replies of the site under one set of names. */
interface Replies {
  readonly landing: Reply;
  /** The portal's page, for every path below `/portal/` that has no reply of its own. */
  readonly page: Reply;
  /** By path. */
  readonly others: ReadonlyMap<string, Reply>;
}

/**
 * The pages for people at the server's own host. Everything is in memory and found by the path as it was sent: no path of
 * a request reaches the file system. None of it needs a token, so none of it has a secret.
 */
export function openSite({ settings, sets, portal }: SiteParts): HomeListener {
  const common = portalReplies(portal, sets);
  const byNames = new Map(
    sets.map((names): [NameSet, Replies] => {
      const others = new Map([...common.others, ['/portal/settings.json', settingsReply(settings, names)]]);
      return [names, { page: common.page, landing: landingPage(names), others }];
    }),
  );
  return (request: IncomingMessage, response: ServerResponse, { names, service }: HomeHost) => {
    // A host of Azure's names has one service alone.
    const replies = service === undefined ? byNames.get(names) : undefined;
    const reply = replies && replyTo(request, replies);
    if (reply !== undefined) sendReply(request, response, reply);
    return reply !== undefined;
  };
}

const toPortal = freshReply('text/plain; charset=utf-8', '', { status: 308, headers: ['location', '/portal/'] });
const text = 'text/plain; charset=utf-8';
const noAsset = freshReply(text, 'The portal has no such file. Load its page again.\n', { status: 404 });
const readOnly = freshReply(text, 'The portal is read: use GET or HEAD.\n', {
  status: 405,
  headers: ['allow', 'GET, HEAD'],
});

function replyTo({ method, url = '', headers }: IncomingMessage, { landing, page, others }: Replies) {
  const isRead = method === 'GET' || method === 'HEAD';
  if (!url.startsWith('/portal')) {
    return isRead && pathOf(url) === '/' && prefersHtml(headers.accept) ? landing : undefined;
  }
  const path = pathOf(url);
  if (path !== '/portal' && !path.startsWith('/portal/')) return undefined;
  if (!isRead) return readOnly;
  if (path === '/portal') return toPortal;
  return others.get(path) ?? (path.startsWith('/portal/assets/') ? noAsset : page);
}

function settingsReply(settings: SiteParts['settings'], { vaultSuffix }: NameSet): Reply {
  const whole: PortalSettings = { ...settings, vaultSuffix };
  return freshReply('application/json; charset=utf-8', JSON.stringify(whole));
}

function portalReplies(portal: FoundPortal, sets: readonly NameSet[]): Omit<Replies, 'landing'> {
  if (!portal.ok) return { page: noPortalPage(portal.why), others: new Map() };
  const { page, assets } = portal.files;
  const headers = ['content-security-policy', portalPolicy(sets)];
  return {
    page: replyOf(freshReply, page, headers),
    others: new Map(
      [...assets].map(([name, file]) => [`/portal/assets/${name}`, replyOf(lastingReply, file, headers)]),
    ),
  };
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
