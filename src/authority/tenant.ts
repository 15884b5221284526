import { refused } from './refusal.ts';

/** Placeholders for the tenant of the user's account. */
const ofAccount: ReadonlySet<string> = new Set(['common', 'organizations']);
/** The same, and `consumers`, the tenant of personal accounts, which do not exist here. */
const placeholders: ReadonlySet<string> = new Set(['common', 'organizations', 'consumers']);

/**
 * The tenant in a request's path, in lower case; `undefined` if the user's account determines it.
 * @throws {Refused} for a tenant that does not exist here
 */
export function tenantOfToken(segment: string, served: readonly string[]): string | undefined {
  const tenant = segment.toLowerCase();
  if (served.includes(tenant)) return tenant;
  if (ofAccount.has(tenant)) return undefined;
  throw refused(placeholders.has(tenant) ? { kind: 'tenantNotNamed' } : { kind: 'tenantNotFound', tenant: segment });
}

/**
 * The same for discovery, which answers a placeholder with Entra's issuers that contain `{tenantid}`.
 * @throws {Refused}
 */
export function tenantOfDiscovery(segment: string, served: readonly string[]): string {
  const tenant = segment.toLowerCase();
  if (served.includes(tenant) || placeholders.has(tenant)) return tenant;
  throw refused({ kind: 'tenantNotDiscovered', tenant: segment });
}

/** The tenant's part of an issuer in discovery. */
export function tenantOfIssuer(tenant: string): string {
  return placeholders.has(tenant) ? '{tenantid}' : tenant;
}
