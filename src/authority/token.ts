import type { Answer } from '../http/answer.ts';
import { tokenLifetimeSeconds } from './access-token.ts';
import type { AccessToken } from './access-token.ts';
import { parseForm } from './form.ts';
import { clientCredentials } from './grants/client-credentials.ts';
import type { Grant, TokenRequest } from './grants/grant.ts';
import type { AuthorityRefusal } from './refusal.ts';
import { tenantOfToken } from './tenant.ts';
import type { Authority } from './world.ts';

const grants: ReadonlyMap<string, Grant> = new Map([['client_credentials', clientCredentials]]);

export type TokenAnswer =
  { readonly ok: true; readonly answer: Answer } | { readonly ok: false; readonly refusal: AuthorityRefusal };

export interface TokenCall {
  readonly endpoint: TokenRequest['endpoint'];
  /** As it stands in the path. */
  readonly tenant: string;
  readonly body: string;
  readonly authorization: string | undefined;
}

/** `POST /{tenant}/oauth2/token` and `/{tenant}/oauth2/v2.0/token` (RFC 6749 section 3.2). */
export async function answerTokenRequest(call: TokenCall, authority: Authority): Promise<TokenAnswer> {
  const tenant = tenantOfToken(call.tenant, authority.tenants);
  if (!tenant.ok) return tenant;
  const parsed = parseForm(call.body);
  if (!parsed.ok) return parsed;
  const { form } = parsed;
  const grantType = form.get('grant_type');
  if (grantType === undefined) return { ok: false, refusal: { kind: 'parameterMissing', name: 'grant_type' } };
  const grant = grants.get(grantType);
  if (grant === undefined) return { ok: false, refusal: { kind: 'grantUnsupported', grant: grantType } };
  const { endpoint, authorization } = call;
  const granted = await grant({ endpoint, form, authorization, tenant: tenant.tenant }, authority);
  if (!granted.ok) return granted;
  return { ok: true, answer: { status: 200, body: render[endpoint](granted.token) } };
}

/** The token began within the second that has begun, so that this much of it is surely left. */
const secondsLeft = tokenLifetimeSeconds - 1;

/** The body of each version. v1 writes numbers as strings; ADAL and Go's adal fetch anew each time when `expires_on` lacks. */
const render: Readonly<Record<TokenRequest['endpoint'], (token: AccessToken) => unknown>> = {
  v1: ({ jwt, resource, notBefore, expiresAt }) => ({
    token_type: 'Bearer',
    expires_in: `${secondsLeft}`,
    ext_expires_in: `${secondsLeft}`,
    expires_on: `${expiresAt}`,
    not_before: `${notBefore}`,
    resource,
    access_token: jwt,
  }),
  v2: ({ jwt }) => ({
    token_type: 'Bearer',
    expires_in: secondsLeft,
    ext_expires_in: secondsLeft,
    access_token: jwt,
  }),
};
