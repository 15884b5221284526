import type { AuthorityRefusal } from './refusal.ts';

/** In the tenant's place, "whatever tenant the user's account is of": of no use to one who has no account. */
const placeholders: ReadonlySet<string> = new Set(['common', 'organizations', 'consumers']);

export type TenantAnswer =
  { readonly ok: true; readonly tenant: string } | { readonly ok: false; readonly refusal: AuthorityRefusal };

/** The tenant that a token request's path names, in lower case. */
export function tenantOfToken(segment: string, served: readonly string[]): TenantAnswer {
  const tenant = segment.toLowerCase();
  if (served.includes(tenant)) return { ok: true, tenant };
  const refusal: AuthorityRefusal = placeholders.has(tenant)
    ? { kind: 'tenantNotNamed' }
    : { kind: 'tenantNotFound', tenant: segment };
  return { ok: false, refusal };
}

/** The same for discovery, where a placeholder is answered with issuers that hold Entra's `{tenantid}`. */
export function tenantOfDiscovery(segment: string, served: readonly string[]): TenantAnswer {
  const tenant = segment.toLowerCase();
  if (served.includes(tenant) || placeholders.has(tenant)) return { ok: true, tenant };
  return { ok: false, refusal: { kind: 'tenantNotDiscovered', tenant: segment } };
}

/** What stands for the tenant in an issuer. */
export function tenantOfIssuer(tenant: string): string {
  return placeholders.has(tenant) ? '{tenantid}' : tenant;
}
