import { findClient } from '../../directory/clients.ts';
import type { RedirectUris } from '../../directory/records.ts';
import { registeredAs } from '../../directory/redirect-uris.ts';
import { refusalOf, Refused } from '../../edge/edge.ts';
import type { Answer } from '../../http/answer.ts';
import type { NameSet } from '../../http/host.ts';
import { AnsweredRefusal } from '../endpoint.ts';
import { errors, errorMessage } from '../errors.ts';
import type { Form } from '../form.ts';
import { refused } from '../refusal.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import { readDelegatedScope, scopeString } from '../scope.ts';
import type { DelegatedScopeRequest } from '../scope.ts';
import type { SignedIn } from '../user-authentication.ts';
import { clientInfo } from '../user-tokens.ts';
import type { Authority } from '../services.ts';
import { formPostPage } from './page.ts';

const responseModes = ['query', 'fragment', 'form_post'] as const;

export type ResponseMode = (typeof responseModes)[number];

/** Where to send the answer, once the redirect URI is known to be the client's. */
export interface Return {
  readonly redirectUri: string;
  readonly responseMode: ResponseMode;
  readonly state: string | undefined;
}

/** An authorization request (RFC 6749 section 4.1.1) that can be granted when a user has signed in. */
export interface AuthorizationRequest extends Return {
  readonly tenant: string;
  readonly clientId: string;
  readonly clientName: string;
  /** Whether the code is redeemed with the client's credential. */
  readonly confidential: boolean;
  /** Whether the client is a page in a browser. The state of a page that an earlier release sealed does not say it. */
  readonly page?: boolean;
  /** Whether the client is a program, whose redirect URI does not prove which. */
  readonly native?: boolean;
  readonly scope: string;
  readonly nonce: string | undefined;
  readonly challenge: string | undefined;
  /** Whether the answer includes `client_info`, which identifies the account for MSAL. */
  readonly clientInfo: boolean;
}

export interface AuthorizeCall {
  readonly endpoint: 'v1' | 'v2';
  /** The tenant in the path; `undefined` for `common` and `organizations`. */
  readonly tenant: string | undefined;
  readonly origin: string;
  readonly names: NameSet;
  /** The parameters of the query. */
  readonly form: Form;
}

/**
 * Reads a client's request for a user's sign-in.
 * @throws {Refused} an `AnsweredRefusal` when the client gets the refusal; another one is for the user, without a redirect
 */
export async function readAuthorization(call: AuthorizeCall, authority: Authority): Promise<AuthorizationRequest> {
  const { form, endpoint, origin, names } = call;
  const tenant = call.tenant ?? authority.homeTenant;
  const clientId = form.get('client_id');
  if (clientId === undefined) throw refused({ kind: 'parameterMissing', name: 'client_id' });
  const redirectUri = form.get('redirect_uri');
  if (redirectUri === undefined) throw refused({ kind: 'parameterMissing', name: 'redirect_uri' });
  const client = await findClient(authority.store, tenant, clientId);
  if (client === undefined) throw refused({ kind: 'clientUnknown', clientId, tenant });
  const type = registeredAs(client.redirectUris, redirectUri, origin);
  if (type === undefined) throw refused({ kind: 'redirectUnknown', redirectUri, clientId });
  const back: Return = { redirectUri, responseMode: modeOf(form) ?? 'query', state: form.get('state') };
  return {
    ...back,
    tenant,
    clientId: client.clientId,
    clientName: client.displayName,
    confidential: type === 'web',
    page: type === 'spa',
    native: type === 'publicClient',
    scope: scopeOf({ endpoint, form, tenant, directory: names.graph }, { type, back }, authority),
    nonce: form.get('nonce'),
    challenge: form.get('code_challenge'),
    clientInfo: form.get('client_info') === '1',
  };
}

/** The requested scope. @throws {Refused} for the client, if the request breaks a rule of the protocol */
function scopeOf(
  asked: DelegatedScopeRequest,
  { type, back }: { readonly type: keyof RedirectUris; readonly back: Return },
  authority: Authority,
): string {
  const refusal = protocolRefusal(asked.form, type);
  if (refusal !== undefined) throw refusedTo(back, refusal);
  try {
    return scopeString(readDelegatedScope(asked, authority));
  } catch (error) {
    throw error instanceof Refused ? refusedTo(back, refusalOf<AuthorityRefusal>(error)) : error;
  }
}

function modeOf(form: Form): ResponseMode | undefined {
  const asked = form.get('response_mode') ?? 'query';
  return responseModes.find((mode) => mode === asked);
}

function protocolRefusal(form: Form, type: keyof RedirectUris): AuthorityRefusal | undefined {
  if (modeOf(form) === undefined) {
    return { kind: 'responseModeUnsupported', responseMode: form.get('response_mode') ?? '' };
  }
  const responseType = form.get('response_type') ?? '';
  if (responseType !== 'code') return { kind: 'responseTypeUnsupported', responseType };
  const challenge = form.get('code_challenge');
  // RFC 9700 section 2.1.1: a client that cannot keep a secret must bind the code to itself, by a hash.
  if (challenge === undefined) return type === 'web' ? undefined : { kind: 'challengeMissing' };
  const method = form.get('code_challenge_method') ?? 'plain';
  if (method !== 'S256' || !/^[\w-]{43}$/.test(challenge)) return { kind: 'challengeMethodUnsupported', method };
  return undefined;
}

/** Sends the client a code (RFC 6749 section 4.1.2). */
export function grantCode(request: AuthorizationRequest, signedIn: SignedIn, authority: Authority): Answer {
  const { user, authTime, sessionId } = signedIn;
  const { clientId, tenant, redirectUri, confidential, challenge, scope, nonce, page = false } = request;
  const asked = { clientId, tenant, redirectUri, confidential, challenge, scope, nonce, page };
  const grant = { ...asked, userId: user.id, authTime, ...(page && { sessionId }) };
  const code = authority.authorizationCodes.issue(grant);
  const info = request.clientInfo ? { client_info: clientInfo(signedIn) } : {};
  return sendBack(request, { code, ...info });
}

/** A refusal that is sent to the client (RFC 6749 section 4.1.2.1). */
export function refusedTo(back: Return, refusal: AuthorityRefusal): AnsweredRefusal {
  const sent = { error: errors[refusal.kind].error, error_description: errorMessage(refusal) };
  return new AnsweredRefusal(refusal, sendBack(back, sent));
}

/** The `form-action` source that a page with this redirect URI must allow. */
export function formActionOf(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri);
  return origin === 'null' ? protocol : origin;
}

function sendBack({ redirectUri, responseMode, state }: Return, sent: Readonly<Record<string, string>>): Answer {
  const parameters = new URLSearchParams({ ...sent, ...(state !== undefined && { state }) });
  if (responseMode === 'form_post') {
    return formPostPage(redirectUri, new Map(parameters), formActionOf(redirectUri));
  }
  const joint = responseMode === 'fragment' ? '#' : redirectUri.includes('?') ? '&' : '?';
  const location = `${redirectUri}${joint}${parameters.toString()}`;
  return { status: 302, headers: { location, 'referrer-policy': 'no-referrer' } };
}
