import type { AuthorityRefusal } from './refusal.ts';

/** Placeholders for the tenant of the user's account. */
const ofAccount: ReadonlySet<string> = new Set(['common', 'organizations']);
/** The same, and `consumers`, the tenant of personal accounts, which do not exist here. */
const placeholders: ReadonlySet<string> = new Set(['common', 'organizations', 'consumers']);

type Refused = { readonly ok: false; readonly refusal: AuthorityRefusal };

export type TenantAnswer = { readonly ok: true; readonly tenant: string } | Refused;

/** The tenant in a request's path, in lower case; `undefined` if the user's account determines it. */
export function tenantOfToken(
  segment: string,
  served: readonly string[],
): { readonly ok: true; readonly tenant: string | undefined } | Refused {
  const tenant = segment.toLowerCase();
  if (served.includes(tenant)) return { ok: true, tenant };
  if (ofAccount.has(tenant)) return { ok: true, tenant: undefined };
  const refusal: AuthorityRefusal = placeholders.has(tenant)
    ? { kind: 'tenantNotNamed' }
    : { kind: 'tenantNotFound', tenant: segment };
  return { ok: false, refusal };
}

/** The same for discovery, which answers a placeholder with Entra's issuers that contain `{tenantid}`. */
export function tenantOfDiscovery(segment: string, served: readonly string[]): TenantAnswer {
  const tenant = segment.toLowerCase();
  if (served.includes(tenant) || placeholders.has(tenant)) return { ok: true, tenant };
  return { ok: false, refusal: { kind: 'tenantNotDiscovered', tenant: segment } };
}

/** The tenant's part of an issuer in discovery. */
export function tenantOfIssuer(tenant: string): string {
  return placeholders.has(tenant) ? '{tenantid}' : tenant;
}
