import { ownKeys } from '../caller/key-sources.ts';
import type { Issuer } from '../caller/issuers.ts';
import type { SigningKeys } from './signing-keys.ts';

/** The tenant of Microsoft's own services (AKV10032 lists it at every vault): its callers may be trusted services. */
export const servicesTenant = 'f8cdef31-a31e-4b4a-93e4-5f571e91255a';

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
