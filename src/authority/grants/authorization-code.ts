import { hash } from 'node:crypto';
import type { CodeGrant } from '../authorization-codes.ts';
import { identifyClient } from '../client-authentication.ts';
import type { Form } from '../form.ts';
import { refused } from '../refusal.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import { readDelegatedScope } from '../scope.ts';
import { signedInSince } from '../user-authentication.ts';
import { issueUserTokens } from '../user-tokens.ts';
import type { Grant } from './grant.ts';

const refusals = {
  unknown: { kind: 'codeInvalid' },
  expired: { kind: 'codeExpired' },
  used: { kind: 'codeUsed' },
} as const satisfies Readonly<Record<string, AuthorityRefusal>>;

/** Redeems the code that the sign-in page sent to the client's redirect URI (RFC 6749 section 4.1.3, RFC 7636 section 4.5). */
export const authorizationCode: Grant = async (request, authority) => {
  const code = request.form.get('code');
  if (code === undefined) throw refused({ kind: 'parameterMissing', name: 'code' });
  const redeemed = await authority.authorizationCodes.redeem(code);
  if (redeemed.kind !== 'granted') throw refused(refusals[redeemed.kind]);
  const { grant } = redeemed;
  const { tenant, confidential, nonce } = grant;
  const form: Form = new Map([['scope', grant.scope], ...request.form]);
  const scope = readDelegatedScope({ ...request, form, tenant, directory: request.names.graph }, authority);
  const clientType = confidential ? 'confidential' : 'public';
  const { client, method } = await identifyClient(
    { ...request, tenant, resource: scope.resource, clientType },
    authority,
  );
  const refusal = mismatch(grant, { form, clientId: client.clientId, tenant: request.tenant });
  if (refusal !== undefined) throw refused(refusal);
  const signedIn = await signedInSince(grant, authority);
  const { page } = grant;
  const issued = { request, client, method, signedIn, scope, nonce, page };
  return issueUserTokens(issued, authority);
};

/** The first difference between the request and the one for which the code was issued. */
function mismatch(
  grant: CodeGrant,
  request: { readonly form: Form; readonly clientId: string; readonly tenant: string | undefined },
): AuthorityRefusal | undefined {
  const { form, clientId, tenant } = request;
  if (clientId !== grant.clientId) return { kind: 'codeInvalid' };
  if (tenant !== undefined && tenant !== grant.tenant) {
    return { kind: 'userNotInTenant', username: grant.userId, tenant };
  }
  const redirectUri = form.get('redirect_uri') ?? '';
  if (redirectUri !== grant.redirectUri) return { kind: 'redirectMismatch', redirectUri };
  const verifier = form.get('code_verifier');
  if (grant.challenge === undefined) return verifier === undefined ? undefined : { kind: 'verifierWrong' };
  if (verifier === undefined) return { kind: 'parameterMissing', name: 'code_verifier' };
  return hash('sha256', verifier, 'base64url') === grant.challenge ? undefined : { kind: 'verifierWrong' };
}
