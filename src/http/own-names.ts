import { azureNames, nameSet, portOf } from './host.ts';
import type { NameSet } from './host.ts';

/** The port in the URLs of clients. `any`: whatever port a request names, because several are mapped to this server's own. */
export type PublicPort = number | 'any';

/** The names under which clients reach this server. */
export interface OwnNames {
  /** The set that the server tells of itself where no request says how it is reached: its files and its own records. */
  readonly told: NameSet;
  /** The sets whose ports are known. */
  readonly sets: readonly NameSet[];
  /** The set with another port; absent: a request with another port is for another server. */
  readonly ofPort?: (port: number) => NameSet;
}

/** A listener's port is not the clients' where something between maps one to the other. Port 443 is for those that proxy by name. */
export function ownNames(
  domain: string,
  { port, publicPort = port }: { readonly port: number; readonly publicPort?: PublicPort | undefined },
): OwnNames {
  const ofPort = (asked: number): NameSet => nameSet(domain, asked);
  const told = ofPort(publicPort === 'any' ? port : publicPort);
  return { told, sets: [told, ofPort(443)], ...(publicPort === 'any' && { ofPort }) };
}

/** The sets that are the same server for a client that came by `names`. */
export function setsBeside(names: NameSet, { sets }: OwnNames): readonly NameSet[] {
  if (names === azureNames) return [azureNames];
  return sets.includes(names) ? sets : [names, ...sets];
}

/**
 * The origins of the pages that may call a vault at `names`. A browser sets the port of Host and of Origin by the URLs that
 * it uses, so that a page at another port of this host is of another origin here too.
 */
export function pageOrigins(names: NameSet, own: OwnNames): readonly string[] {
  const sets = names === azureNames ? own.sets : setsBeside(names, own);
  return sets.map(({ authority }) => authority);
}

/** Whether `resource`, for which a token is requested, is this server's vaults, resource manager or Graph under a name of its own. */
export function isOwnResource(resource: string, { sets, ofPort }: OwnNames): boolean {
  const port = portOf(/:(\d+)\/?$/.exec(resource)?.[1] ?? '');
  const all = port === undefined || ofPort === undefined ? sets : [...sets, ofPort(port)];
  return all.some(({ vaultResource, resourceManager }) =>
    [vaultResource, resourceManager].some((origin) => resource === origin || resource === `${origin}/`),
  );
}
