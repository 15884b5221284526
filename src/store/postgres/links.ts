import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { StoreRefused } from '../refused.ts';
import { Link } from './link.ts';
import type { LinkOptions } from './connection.ts';
import type { PostgresStoreOptions } from './options.ts';
import { parseTarget } from './target.ts';
import type { Target, Tls } from './target.ts';

/** A node's connections, each for one purpose, so that none waits behind another. */
export interface Links {
  readonly pulse: Link;
  readonly reads: Link;
  readonly writes: Link;
  readonly turns: Link;
  readonly target: Target;
  /** Makes the one that notifications come on. */
  readonly listening: (notified: (payload: string) => void) => Link;
}

/** @throws {StoreRefused} `wrongUrl` */
export function makeLinks(options: PostgresStoreOptions): Links {
  const { url, listenUrl } = options;
  const target = targetOf(url, options);
  const listenTarget = listenUrl === undefined ? target : targetOf(listenUrl, options);
  const route = { at: 0 };
  const prepared = { value: options.prepared ?? true };
  // One name for all: a pooler tells the server at each change of its client.
  const link = (more: Partial<LinkOptions> = {}): Link =>
    new Link({
      target,
      name: target.applicationName ?? 'postern',
      prepared,
      random: () => randomInt(1_000) / 1_000,
      connectMs: 5_000,
      route,
      ...more,
    });
  const own = listenUrl === undefined ? {} : { route: { at: 0 }, leads: true };
  return {
    pulse: link({ leads: true }),
    reads: link(),
    writes: link(),
    turns: link(),
    target,
    listening: (notified) => link({ target: listenTarget, notified, ...own }),
  };
}

function targetOf(url: string, { password, ca, readFile = readText }: PostgresStoreOptions): Target {
  const parsed = parseTarget(url, { verifies: ca !== undefined });
  if (!parsed.ok) throw wrongUrl(parsed.fault);
  const { target } = parsed;
  return { ...target, password: target.password ?? password, tls: withAuthorities(target.tls, ca, readFile) };
}

/** Read once: a connection that is made later must not fail because the file is away. */
function withAuthorities(tls: Tls, ca: string | undefined, readFile: (path: string) => string): Tls {
  if (tls.mode !== 'verified') return tls;
  if (ca !== undefined || tls.authorityFile === undefined) return { ...tls, authorities: ca };
  try {
    return { ...tls, authorities: readFile(tls.authorityFile) };
  } catch (error) {
    throw wrongUrl(`sslrootcert: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function wrongUrl(fault: string): StoreRefused {
  return new StoreRefused('wrongUrl', `The database's URL cannot be used: ${fault}.`);
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}
