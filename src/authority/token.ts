import { tokenLifetimeSeconds } from './access-token.ts';
import type { AuthorityCall, Answered, Endpoint } from './endpoint.ts';
import { authorizationCode } from './grants/authorization-code.ts';
import { clientCredentials } from './grants/client-credentials.ts';
import { deviceCode } from './grants/device-code.ts';
import type { Grant, TokenRequest, Tokens } from './grants/grant.ts';
import { password } from './grants/password.ts';
import { refreshToken } from './grants/refresh-token.ts';
import { refused } from './refusal.ts';
import type { Authority } from './services.ts';

const grants: ReadonlyMap<string, Grant> = new Map([
  ['client_credentials', clientCredentials],
  ['password', password],
  ['refresh_token', refreshToken],
  ['authorization_code', authorizationCode],
  ['urn:ietf:params:oauth:grant-type:device_code', deviceCode],
  // The name in version 1.
  ['device_code', deviceCode],
]);

/** The supported grant types, for discovery. */
export const grantTypes: readonly string[] = [...grants.keys()];

/** The token endpoints (RFC 6749 section 3.2). */
export const tokenEndpoints: readonly Endpoint[] = [
  tokenEndpoint('/:tenant/oauth2/token', 'v1'),
  tokenEndpoint('/:tenant/oauth2/v2.0/token', 'v2'),
];

function tokenEndpoint(path: string, version: TokenRequest['endpoint']): Endpoint {
  const answer: Endpoint['answer'] = (call, authority) => answerTokenRequest(version, call, authority);
  return { method: 'POST', path, shows: 'json', reads: 'form', inTenant: true, answer };
}

async function answerTokenRequest(
  endpoint: TokenRequest['endpoint'],
  { form, headers: { authorization }, tenant, origin, names, address, site }: AuthorityCall,
  authority: Authority,
): Promise<Answered> {
  const grantType = form.get('grant_type');
  if (grantType === undefined) throw refused({ kind: 'parameterMissing', name: 'grant_type' });
  const grant = grants.get(grantType);
  if (grant === undefined) throw refused({ kind: 'grantUnsupported', grant: grantType });
  const tokens = await grant({ endpoint, form, authorization, tenant, origin, names, address, site }, authority);
  return { answer: { status: 200, body: render[endpoint](tokens) } };
}

/** Tokens are valid from the beginning of the current second, so almost one second may have passed already. */
const secondsLeft = tokenLifetimeSeconds - 1;

/** The body in each version. v1 has numbers as strings; without `expires_on`, ADAL and Go's adal would fetch a token each time. */
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

/** The members of an answer that only a user's tokens have. */
function ofUser({ scope, refreshToken: refresh, idToken, clientInfo }: Tokens): object {
  return {
    ...(scope !== undefined && { scope }),
    ...(refresh !== undefined && { refresh_token: refresh }),
    ...(idToken !== undefined && { id_token: idToken }),
    ...(clientInfo !== undefined && { client_info: clientInfo }),
  };
}
