import type { SeedFile } from '../../seed/seed-file.ts';
import type { Connection } from '../connection.ts';
import { listIn, textIn } from './found.ts';
import type { Found, Members } from './found.ts';
import type { LeftOut } from './left-out.ts';

/** The identities and users of a seed, and the name of each principal in `access`, by its object id. */
export interface Principals {
  readonly identities: NonNullable<SeedFile['identities']>;
  readonly users: NonNullable<SeedFile['users']>;
  readonly names: ReadonlyMap<string, string>;
}

const identityName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$/;

/**
 * The directory as a seed has it. The server's own identities, which every start makes, have names in `access` and nothing
 * else. Passwords and client secrets are hashes at the server, so they are `null`.
 */
export function principalsOf(found: Found, connection: Connection, leftOut: LeftOut): Principals {
  const names = new Map<string, string>();
  const identities: Record<string, NonNullable<SeedFile['identities']>[string]> = {};
  const taken = new Set<string>();
  for (const principal of found.servicePrincipals) {
    const own = ownName(principal, connection);
    const id = textIn(principal, 'id');
    if (own !== undefined) {
      if (own !== 'fabric') names.set(id, own);
      continue;
    }
    const kind = kindOf(principal, found);
    const name = kind.name;
    if (kind.why !== undefined || !identityName.test(name) || taken.has(name.toLowerCase())) {
      leftOut.add(
        `the identity '${name}'`,
        kind.why ?? 'its name is that of another one, or none that a seed may have',
      );
      continue;
    }
    taken.add(name.toLowerCase());
    names.set(id, name);
    const clientId = textIn(principal, 'appId');
    identities[name] = { ...(kind.hasSecret && { clientSecret: null }), clientId, objectId: id };
  }
  return { identities, users: usersOf(found, connection, names), names };
}

/** The name of an identity that the server has by itself. */
function ownName(
  principal: Members,
  { clientId, reader }: Connection,
): 'administrator' | 'developer' | 'fabric' | undefined {
  const appId = textIn(principal, 'appId');
  if (appId === clientId) return 'administrator';
  if (appId === reader?.clientId) return 'fabric';
  const isDeveloper =
    siteOf(principal)?.toLowerCase() === 'developer' && textIn(principal, 'displayName') === 'developer';
  return isDeveloper ? 'developer' : undefined;
}

/** The name of the web site whose system-assigned identity it is. */
function siteOf(principal: Members): string | undefined {
  const [, site] =
    listIn(principal, 'alternativeNames')
      .map((name) => /\/resourcegroups\/[^/]+\/providers\/microsoft\.web\/sites\/([^/]+)$/i.exec(String(name)) ?? [])
      .find((match) => match.length > 0) ?? [];
  return site;
}

interface Kind {
  readonly name: string;
  readonly hasSecret: boolean;
  /** The reason why a seed cannot say it. */
  readonly why?: string;
}

function kindOf(principal: Members, { applications }: Found): Kind {
  const name = textIn(principal, 'displayName');
  if (textIn(principal, 'servicePrincipalType') === 'ManagedIdentity') {
    const site = siteOf(principal);
    if (site === name) return { name, hasSecret: false };
    return { name, hasSecret: false, why: 'it is not the managed identity of a web site of its name' };
  }
  const application = applications.find((one) => textIn(one, 'appId') === textIn(principal, 'appId'));
  const hasSecret = application !== undefined && listIn(application, 'passwordCredentials').length > 0;
  return hasSecret ? { name, hasSecret } : { name, hasSecret, why: 'it has no client secret' };
}

function usersOf(found: Found, { home }: Connection, names: Map<string, string>): Principals['users'] {
  const portalUser = `demo@${new URL(home).hostname}`;
  const users: Record<string, NonNullable<SeedFile['users']>[string]> = {};
  for (const user of found.users) {
    const [id, name] = [textIn(user, 'id'), textIn(user, 'userPrincipalName')];
    names.set(id, name);
    // Every start of a server with a demo makes it, so that another server has its own.
    if (name === portalUser) continue;
    const groups = found.groups.get(id) ?? [];
    const displayName = textIn(user, 'displayName');
    users[name] = { password: null, displayName, objectId: id, ...(groups.length > 0 && { groups }) };
  }
  return users;
}
