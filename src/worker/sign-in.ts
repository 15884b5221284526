import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Audit } from '../audit/audit.ts';
import type { OpaqueTokens } from '../authority/opaque-tokens.ts';
import { authorityRoutes } from '../authority/routes.ts';
import type { SigningKeys } from '../authority/signing-keys.ts';
import type { IssuerTable } from '../caller/issuers.ts';
import type { Verifier } from '../caller/verify.ts';
import { graphRoutes } from '../graph/graph.ts';
import { hostOf } from '../http/host.ts';
import type { NameSet } from '../http/name-set.ts';
import type { Store } from '../store/store.ts';
import { servicesTenant } from '../types/caller.ts';
import type { Source } from '../types/source.ts';

/** What the authority keeps over a restart, and whom else's tokens are believed. */
export interface AuthorityParts {
  readonly issuers: IssuerTable;
  readonly signingKeys: SigningKeys;
  readonly opaqueTokens: OpaqueTokens;
}

export interface SignInWorld extends AuthorityParts {
  readonly store: Store;
  readonly verifier: Verifier;
  readonly audit: Audit;
  readonly tenantId: string;
  readonly names: readonly NameSet[];
  readonly sourceOf: (socket: Socket) => Source;
  readonly now: () => number;
  readonly logError: (error: unknown, requestId: string) => void;
}

/** Puts the authority and Graph, which share the directory, on the server that answers under our own names. */
export function signInRoutes(home: FastifyInstance, world: SignInWorld): void {
  const { store, verifier, audit, sourceOf, tenantId, names, issuers, signingKeys, opaqueTokens } = world;
  const { now, logError } = world;
  authorityRoutes(home, {
    store,
    signingKeys,
    tenants: [tenantId, servicesTenant],
    homeTenant: tenantId,
    opaqueTokens,
    audit,
    externalKeys(issuer) {
      const known = issuers.find(issuer);
      return known?.issuerClass === 'external' ? known.keys : undefined;
    },
    sourceOf: (request) => sourceOf(request.raw.socket),
    isResource: resourceCheck(names),
    authorityOf: (request) => hostOf(request.raw).names.authority,
    authorities: () => names.map(({ authority }) => authority),
    now,
    newId: randomUUID,
    logError,
  });
  graphRoutes(home, { store, verifier, audit, sourceOf, tenantId, now, newId: randomUUID, logError });
}

/** What the authority issues tokens for: the vaults, the resource manager and Graph, under each of their names. */
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
