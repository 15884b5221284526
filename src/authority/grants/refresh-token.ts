import { identifyClient } from '../client-authentication.ts';
import { pageDays, pageMs } from '../ended-sessions.ts';
import type { Form } from '../form.ts';
import { refused } from '../refusal.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import { readDelegatedScope } from '../scope.ts';
import { signedInSince } from '../user-authentication.ts';
import { issueUserTokens, refreshDays } from '../user-tokens.ts';
import type { RefreshGrant } from '../user-tokens.ts';
import type { Grant } from './grant.ts';

const lifetimeMs = refreshDays * 86_400_000;

/**
 * Issues tokens for a refresh token (RFC 6749 section 6), also for another resource. The answer has a new refresh token. As
 * in Entra, the old one stays valid until it expires or the user's password changes.
 */
export const refreshToken: Grant = async (request, authority) => {
  const sealed = request.form.get('refresh_token');
  if (sealed === undefined) throw refused({ kind: 'parameterMissing', name: 'refresh_token' });
  const grant = authority.opaqueTokens.open('refresh', sealed);
  if (!isRefreshGrant(grant)) throw refused({ kind: 'refreshTokenInvalid' });
  const { tenant, userId, authTime, page, sessionId } = grant;
  if (request.tenant !== undefined && request.tenant !== tenant) {
    throw refused({ kind: 'userNotInTenant', username: userId, tenant: request.tenant });
  }
  const form: Form = new Map([['scope', grant.scope], ...request.form]);
  const scope = readDelegatedScope({ ...request, form, tenant, directory: request.names.graph }, authority);
  const clientType = grant.confidential ? 'confidential' : 'public';
  const { client, method } = await identifyClient(
    { ...request, tenant, resource: scope.resource, clientType },
    authority,
  );
  if (client.clientId !== grant.clientId) throw refused({ kind: 'refreshTokenOfOtherClient' });
  const expired = expiredRefusal(grant, authority.now());
  if (expired !== undefined) throw refused(expired);
  const signedIn = await signedInSince({ tenant, userId, authTime, sessionId }, authority);
  // MSAL repeats all OpenID Connect scopes in a refresh request; version 1 has none. So `offline_access` is always kept.
  return issueUserTokens({ request, client, method, signedIn, scope: { ...scope, offline: true }, page }, authority);
};

/** A page's token has a fixed end, which a new one does not move; others expire when they are not used. */
function expiredRefusal({ page, authTime, issuedAt }: RefreshGrant, nowMs: number): AuthorityRefusal | undefined {
  if (page === true) {
    return nowMs >= authTime + pageMs ? { kind: 'refreshTokenOfPageExpired', issuedAt, days: pageDays } : undefined;
  }
  return nowMs >= issuedAt + lifetimeMs ? { kind: 'refreshTokenExpired', issuedAt, days: refreshDays } : undefined;
}

function isRefreshGrant(value: unknown): value is RefreshGrant {
  return typeof value === 'object' && value !== null && 'issuedAt' in value && 'confidential' in value;
}
