import type { Answer } from '../http/answer.ts';
import { tokenLifetimeSeconds } from './access-token.ts';
import { parseForm } from './form.ts';
import { authorizationCode } from './grants/authorization-code.ts';
import { clientCredentials } from './grants/client-credentials.ts';
import { deviceCode } from './grants/device-code.ts';
import type { Grant, TokenRequest, Tokens } from './grants/grant.ts';
import { password } from './grants/password.ts';
import { refreshToken } from './grants/refresh-token.ts';
import type { AuthorityRefusal } from './refusal.ts';
import { tenantOfToken } from './tenant.ts';
import type { Authority } from './world.ts';

const grants: ReadonlyMap<string, Grant> = new Map([
  ['client_credentials', clientCredentials],
  ['password', password],
  ['refresh_token', refreshToken],
  ['authorization_code', authorizationCode],
  ['urn:ietf:params:oauth:grant-type:device_code', deviceCode],
  // Version 1's name for it.
  ['device_code', deviceCode],
]);

/** What the configuration says of them. */
export const grantTypes: readonly string[] = [...grants.keys()];

export type TokenAnswer =
  { readonly ok: true; readonly answer: Answer } | { readonly ok: false; readonly refusal: AuthorityRefusal };

export interface TokenCall {
  readonly endpoint: TokenRequest['endpoint'];
  /** As it stands in the path. */
  readonly tenant: string;
  readonly body: string;
  readonly authorization: string | undefined;
  /** The authority's, under the name set that was asked. */
  readonly origin: string;
  /** Where the request came from, where that is known; and what it has in common with its neighbours (`siteOf`). */
  readonly address: string | undefined;
  readonly site: string | undefined;
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
  const { endpoint, authorization, origin, address, site } = call;
  const granted = await grant(
    { endpoint, form, authorization, tenant: tenant.tenant, origin, address, site },
    authority,
  );
  if (!granted.ok) return granted;
  return { ok: true, answer: { status: 200, body: render[endpoint](granted.tokens) } };
}

/** The token began within the second that has begun, so that this much of it is surely left. */
const secondsLeft = tokenLifetimeSeconds - 1;

/** The body of each version. v1 writes numbers as strings; ADAL and Go's adal fetch anew each time when `expires_on` lacks. */
const render: Readonly<Record<TokenRequest['endpoint'], (tokens: Tokens) => unknown>> = {
  v1: (tokens) => {
    const { jwt, resource, notBefore, expiresAt } = tokens.access;
    return {
      token_type: 'Bearer',
      expires_in: `${secondsLeft}`,
      ext_expires_in: `${secondsLeft}`,
      expires_on: `${expiresAt}`,
      not_before: `${notBefore}`,
      resource,
      access_token: jwt,
      ...ofUser(tokens),
    };
  },
  v2: (tokens) => ({
    token_type: 'Bearer',
    expires_in: secondsLeft,
    ext_expires_in: secondsLeft,
    access_token: tokens.access.jwt,
    ...ofUser(tokens),
  }),
};

/** What an answer has beside its access token, where somebody has signed in. */
function ofUser({ scope, refreshToken: refresh, idToken, clientInfo }: Tokens): object {
  return {
    ...(scope !== undefined && { scope }),
    ...(refresh !== undefined && { refresh_token: refresh }),
    ...(idToken !== undefined && { id_token: idToken }),
    ...(clientInfo !== undefined && { client_info: clientInfo }),
  };
}
