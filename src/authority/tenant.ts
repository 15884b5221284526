import type { AuthorityRefusal } from './refusal.ts';

/** In the tenant's place, "whatever tenant the user's account is of". */
const ofAccount: ReadonlySet<string> = new Set(['common', 'organizations']);
/** The same, and that of accounts that are of no organization: there are none here. */
const placeholders: ReadonlySet<string> = new Set(['common', 'organizations', 'consumers']);

type Refused = { readonly ok: false; readonly refusal: AuthorityRefusal };

export type TenantAnswer = { readonly ok: true; readonly tenant: string } | Refused;

/** The tenant that a request's path names, in lower case; `undefined` where whose account it is decides. */
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

/** The same for discovery, where a placeholder is answered with issuers that hold Entra's `{tenantid}`. */
export function tenantOfDiscovery(segment: string, served: readonly string[]): TenantAnswer {
  const tenant = segment.toLowerCase();
  if (served.includes(tenant) || placeholders.has(tenant)) return { ok: true, tenant };
  return { ok: false, refusal: { kind: 'tenantNotDiscovered', tenant: segment } };
}

/** The tenant as an issuer has it. */
export function tenantOfIssuer(tenant: string): string {
  return placeholders.has(tenant) ? '{tenantid}' : tenant;
}
