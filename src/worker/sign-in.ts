import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { createAuthority } from '../authority/authority.ts';
import type { OpaqueTokens } from '../authority/opaque-tokens.ts';
import type { SigningKeys } from '../authority/signing-keys.ts';
import type { IssuerTable } from '../caller/issuers.ts';
import type { Verifier } from '../caller/verify.ts';
import type { Turns } from '../edge/turns.ts';
import { createGraph } from '../graph/graph.ts';
import type { HomeListener, NameSet } from '../http/host.ts';
import type { Store } from '../store/store.ts';
import { servicesTenant } from '../types/caller.ts';
import type { Source } from '../types/source.ts';

/** The keys that the authority keeps across restarts, and the issuers whose tokens are accepted. */
export interface AuthorityParts {
  readonly issuers: IssuerTable;
  readonly signingKeys: SigningKeys;
  readonly opaqueTokens: OpaqueTokens;
}

export interface SignInParts extends AuthorityParts {
  readonly store: Store;
  readonly verifier: Verifier;
  readonly turns: Turns;
  readonly tenantId: string;
  readonly names: readonly NameSet[];
  readonly sourceOf: (socket: Socket) => Source;
  readonly now: () => number;
}

/** Opens the authority and Graph, which share the directory. */
export function signInEdges(parts: SignInParts): readonly HomeListener[] {
  const { store, verifier, turns, sourceOf, tenantId, names, issuers, signingKeys, opaqueTokens, now } = parts;
  const newId = randomUUID;
  const authority = createAuthority({
    store,
    turns,
    signingKeys,
    tenants: [tenantId, servicesTenant],
    homeTenant: tenantId,
    opaqueTokens,
    externalKeys(issuer) {
      const known = issuers.find(issuer);
      return known?.issuerClass === 'external' ? known.keys : undefined;
    },
    sourceOf,
    isResource: resourceCheck(names),
    authorities: () => names.map((set) => set.authority),
    now,
    newId,
  });
  return [authority, createGraph({ store, turns, verifier, sourceOf, tenantId, now, newId })];
}

/** Accepts the resources for which the authority issues tokens: the vaults, the resource manager and Graph, under each of their names. */
function resourceCheck(names: readonly NameSet[]): (resource: string) => boolean {
  const origins = [
    'https://vault.azure.net',
    'https://management.azure.com',
    'https://management.core.windows.net',
    'https://graph.microsoft.com',
    ...names.flatMap(({ vaultResource, resourceManager }) => [vaultResource, resourceManager]),
  ];
  const known = new Set(origins.flatMap((origin) => [origin, `${origin}/`]));
  return (resource) => known.has(resource);
}
