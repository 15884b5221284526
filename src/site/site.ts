import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HomeHost, HomeListener, NameSet } from '../http/host.ts';
import { pathOf } from '../http/request.ts';
import type { PortalSettings } from '../types/portal-settings.ts';
import { freshReply, sendReply } from './reply.ts';
import type { Reply } from './reply.ts';

/** The server, as the site shows it. */
export interface SiteParts {
  readonly settings: Omit<PortalSettings, 'vaultSuffix'>;
  /** The sets of names under which the server is reached. */
  readonly sets: readonly NameSet[];
}

/**
 * The pages for people at the server's own host. Everything is in memory and found by the path as it was sent: no path of
 * a request reaches the file system. None of it needs a token, so none of it has a secret.
 */
export function openSite({ settings, sets }: SiteParts): HomeListener {
  const byNames = new Map(sets.map((names) => [names, repliesOf(settings, names)]));
  return (request: IncomingMessage, response: ServerResponse, { names, service }: HomeHost) => {
    const reply = service === undefined ? byNames.get(names)?.get(pathOf(request.url ?? '')) : undefined;
    if (reply === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    sendReply(request, response, reply);
    return true;
  };
}

function repliesOf(settings: SiteParts['settings'], { vaultSuffix }: NameSet): ReadonlyMap<string, Reply> {
  const whole: PortalSettings = { ...settings, vaultSuffix };
  const json = freshReply('application/json; charset=utf-8', JSON.stringify(whole));
  return new Map([['/portal/settings.json', json]]);
}
