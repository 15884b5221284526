import { ownKeys } from '../caller/key-sources.ts';
import type { Issuer } from '../caller/issuers.ts';
import { servicesTenant } from '../types/caller.ts';
import type { SigningKeys } from './signing-keys.ts';

/**
 * The `iss` of our v1 tokens, the same as Entra's. It has neither port nor host, so a token is valid under all of our
 * names, and after a restart on another port.
 */
export function issuerOf(tenant: string): string {
  return `https://sts.windows.net/${tenant}/`;
}

/** The two issuers of this server: the one of `tenant` (a GUID in lower case) and the one of the services' tenant. */
export function ownIssuers(tenant: string, signingKeys: SigningKeys): readonly Issuer[] {
  const keys = ownKeys(
    (kid) => signingKeys.find(kid),
    (kid) => signingKeys.lookUp(kid),
  );
  return [
    { issuer: issuerOf(tenant), tenant, issuerClass: 'own', keys },
    { issuer: issuerOf(servicesTenant), tenant: servicesTenant, issuerClass: 'services', keys },
  ];
}
