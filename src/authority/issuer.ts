import { ownKeys } from '../caller/key-sources.ts';
import type { Issuer } from '../caller/issuers.ts';
import { servicesTenant } from '../types/caller.ts';
import type { SigningKeys } from './signing-keys.ts';

/**
 * The `iss` of our v1 tokens, the same as Entra's. Neither port nor Host is in it: a token that was asked for under one
 * name set is good under all, and survives a restart on another port.
 */
export function issuerOf(tenant: string): string {
  return `https://sts.windows.net/${tenant}/`;
}

/** Our two entries for the table of issuers: `tenant` (a GUID in lower case) and the services' tenant. */
export function ownIssuers(tenant: string, signingKeys: SigningKeys): readonly Issuer[] {
  const keys = ownKeys((kid) => signingKeys.find(kid));
  return [
    { issuer: issuerOf(tenant), tenant, issuerClass: 'own', keys },
    { issuer: issuerOf(servicesTenant), tenant: servicesTenant, issuerClass: 'services', keys },
  ];
}
