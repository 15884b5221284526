import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { tokenLifetimeSeconds } from '../authority/access-token.ts';
import { createAuthority } from '../authority/authority.ts';
import type { AuthorityListeners } from '../authority/authority.ts';
import type { IdentityBindings } from '../authority/identity-bindings.ts';
import { ownIssuers } from '../authority/issuer.ts';
import { OpaqueTokens } from '../authority/opaque-tokens.ts';
import { SigningKeys } from '../authority/signing-keys.ts';
import { createIssuers } from '../caller/issuers.ts';
import type { IssuerTable } from '../caller/issuers.ts';
import { remoteKeys } from '../caller/key-sources.ts';
import { clockSkewSeconds, createVerifier } from '../caller/verify.ts';
import type { Verifier } from '../caller/verify.ts';
import { groupsOf } from '../directory/memberships.ts';
import { directoryIds } from '../directory/objects.ts';
import type { Turns } from '../edge/turns.ts';
import { createGraph } from '../graph/graph.ts';
import type { HomeListener } from '../http/host.ts';
import { isOwnResource, setsBeside } from '../http/own-names.ts';
import type { OwnNames } from '../http/own-names.ts';
import type { Settings } from '../settings/settings.ts';
import type { Identity } from '../setup/identity.ts';
import type { Store } from '../store/store.ts';
import { servicesTenant } from '../types/caller.ts';
import type { Source } from '../types/source.ts';

/** How long a replaced signing key verifies: a token's lifetime plus twice the clock skew. */
const keepSigningKeysMs = (tokenLifetimeSeconds + 2 * clockSkewSeconds) * 1000;
const verifiedTokensMax = 20_000;

/** The keys that the authority keeps across restarts, and the issuers whose tokens are accepted. */
export interface AuthorityParts {
  readonly issuers: IssuerTable;
  readonly signingKeys: SigningKeys;
  readonly opaqueTokens: OpaqueTokens;
}

export interface SignInParts extends AuthorityParts {
  readonly store: Store;
  readonly shared: boolean;
  readonly verifier: Verifier;
  readonly turns: Turns;
  readonly tenantId: string;
  /** The client id of the fabric's reader. */
  readonly networkReader: string;
  readonly names: OwnNames;
  readonly identityBindings: IdentityBindings;
  readonly sourceOf: (socket: Socket) => Source;
  readonly now: () => number;
}

interface OpenedFrom {
  readonly settings: Settings;
  readonly store: Store;
  /** Present where other nodes use the store, too. */
  readonly shared?: object | undefined;
  readonly identity: Pick<Identity, 'tenantId'>;
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

/** Opens what the authority keeps, and the check of tokens: of its own, and of the issuers in the settings. */
export async function openAuthority({ settings, store, shared, identity, now, log }: OpenedFrom) {
  let forget = () => {};
  const signingKeys = await SigningKeys.open({
    store,
    now,
    keepMs: keepSigningKeysMs,
    shared: shared !== undefined,
    changed: () => forget(),
  });
  const external = settings.issuers.map(({ issuer, tenantId, audiences, jwksUri, directoryObjects }) => ({
    issuer,
    tenant: tenantId,
    issuerClass: 'external' as const,
    audiences,
    async forbiddenIds(ids: readonly string[]) {
      const taken = await directoryIds(store, tenantId, ids);
      return new Set([...taken].filter((id) => !directoryObjects.includes(id)));
    },
    keys: remoteKeys(issuer, jwksUri === undefined ? undefined : new URL(jwksUri), {
      now,
      failed: (cause) => log.warn({ issuer, cause }, 'the keys of an external issuer cannot be fetched'),
    }),
  }));
  const issuers = createIssuers([...ownIssuers(identity.tenantId, signingKeys), ...external]);
  const verifier = createVerifier({
    issuers,
    now,
    cacheSize: verifiedTokensMax,
    sharedKeys: signingKeys,
    groupsOf: ({ tenant, objectId }) => groupsOf(store, { tenantId: tenant, id: objectId }),
  });
  forget = verifier.drop;
  return { signingKeys, issuers, verifier, opaqueTokens: await OpaqueTokens.open(store) };
}

/** The listeners of the authority and Graph. */
export interface SignInEdges {
  readonly authority: HomeListener;
  readonly graph: HomeListener;
  readonly metadata: AuthorityListeners['metadata'];
}

/** Opens the authority and Graph, which share the directory. */
export function signInEdges(parts: SignInParts): SignInEdges {
  const {
    identityBindings,
    store,
    shared,
    verifier,
    turns,
    sourceOf,
    tenantId,
    networkReader,
    names,
    issuers,
    signingKeys,
    opaqueTokens,
    now,
  } = parts;
  const newId = randomUUID;
  const { home, metadata } = createAuthority({
    store,
    shared,
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
    names: names.told,
    identityBindings,
    isResource: resourceCheck(names),
    sameAuthority: (set) => setsBeside(set, names),
    now,
    newId,
  });
  const graph = createGraph({ store, turns, verifier, sourceOf, tenantId, networkReader, now, newId });
  return { authority: home, graph, metadata };
}

/** Accepts the resources for which the authority issues tokens: the vaults, the resource manager and Graph, under each of their names. */
function resourceCheck(names: OwnNames): (resource: string) => boolean {
  const origins = [
    'https://vault.azure.net',
    'https://management.azure.com',
    'https://management.core.windows.net',
    'https://graph.microsoft.com',
  ];
  const known = new Set(origins.flatMap((origin) => [origin, `${origin}/`]));
  return (resource) => known.has(resource) || isOwnResource(resource, names);
}
