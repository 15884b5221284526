import { SignJWT } from 'jose';
import type { Client } from '../directory/clients.ts';
import { pairwiseSubject } from '../directory/pairwise.ts';
import { issueUserToken, tokenLifetimeSeconds } from './access-token.ts';
import type { AuthenticationMethod } from './access-token.ts';
import type { Tokens, TokenRequest } from './grants/grant.ts';
import { issuerOf } from './issuer.ts';
import { scopeString, grantedScope } from './scope.ts';
import type { DelegatedScope } from './scope.ts';
import type { SignedIn } from './user-authentication.ts';
import type { Authority } from './services.ts';

/** A refresh token expires when it is not used for this long (Microsoft, "Refresh tokens in the identity platform"). */
export const refreshDays = 90;

/** The contents of a refresh token, which is sealed. Times in milliseconds since 1970. */
export interface RefreshGrant {
  readonly clientId: string;
  readonly tenant: string;
  readonly userId: string;
  readonly authTime: number;
  readonly issuedAt: number;
  /** The requested scope, which is the default for later requests. */
  readonly scope: string;
  /** Whether redeeming it requires the client's credential. */
  readonly confidential: boolean;
  /** Whether a page in a browser has it: it then ends a day after the sign-in, and with the session. */
  readonly page?: boolean | undefined;
  readonly sessionId?: string | undefined;
}

export interface UserTokensRequest {
  readonly request: TokenRequest;
  readonly client: Client;
  readonly method: AuthenticationMethod;
  readonly signedIn: SignedIn;
  readonly scope: DelegatedScope;
  readonly nonce?: string | undefined;
  /** Whether the client is a page in a browser. */
  readonly page?: boolean | undefined;
}

/** Issues all tokens that a client gets when a user has signed in. */
export async function issueUserTokens(asked: UserTokensRequest, authority: Authority): Promise<Tokens> {
  const { request, client, method, signedIn, scope } = asked;
  const { resource } = scope;
  const access = await issueUserToken({ client, method, resource, signedIn, address: request.address }, authority);
  return {
    access,
    scope: grantedScope(resource),
    ...(scope.openid && { idToken: await issueIdToken(asked, authority) }),
    ...(scope.offline && { refreshToken: sealRefreshToken(asked, authority) }),
    ...(request.form.get('client_info') === '1' && { clientInfo: clientInfo(signedIn) }),
  };
}

/** Identifies the account for MSAL, which stores tokens by it. */
export function clientInfo({ user }: SignedIn): string {
  return Buffer.from(`{"uid":"${user.id}","utid":"${user.tenantId}"}`).toString('base64url');
}

function sealRefreshToken({ client, method, signedIn, scope, page }: UserTokensRequest, authority: Authority): string {
  const grant: RefreshGrant = {
    clientId: client.clientId,
    tenant: client.tenantId,
    userId: signedIn.user.id,
    authTime: signedIn.authTime,
    issuedAt: authority.now(),
    scope: scopeString(scope),
    confidential: method !== '0',
    ...(page === true && { page, sessionId: signedIn.sessionId }),
  };
  return authority.opaqueTokens.seal('refresh', grant);
}

/** An id_token (OpenID Connect Core section 2), with the claims of Entra's requested version. */
async function issueIdToken(
  { request, client, signedIn, nonce }: UserTokensRequest,
  { signingKeys, now }: Authority,
): Promise<string> {
  const { endpoint, origin, form } = request;
  const { user, authTime } = signedIn;
  const { tenantId } = client;
  const { kid, privateKey } = signingKeys.current;
  const issuedAt = Math.floor(now() / 1000);
  const claims = {
    // In the client's own spelling: MSAL compares character by character.
    aud: form.get('client_id') ?? client.clientId,
    iss: endpoint === 'v1' ? issuerOf(tenantId) : `${origin}/${tenantId}/v2.0`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + tokenLifetimeSeconds,
    auth_time: Math.floor(authTime / 1000),
    name: user.displayName,
    ...(nonce === undefined ? {} : { nonce }),
    oid: user.id,
    preferred_username: user.userPrincipalName,
    sub: pairwiseSubject(user.id, client.clientId),
    tid: tenantId,
    ...(endpoint === 'v1' ? { unique_name: user.userPrincipalName, upn: user.userPrincipalName } : {}),
    ver: endpoint === 'v1' ? '1.0' : '2.0',
  };
  return new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid }).sign(privateKey);
}
