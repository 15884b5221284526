import type { Answer } from '../../http/answer.ts';
import { errors, errorText } from '../errors.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import type { SignedIn } from '../user-authentication.ts';
import { clientInfo } from '../user-tokens.ts';
import type { Authority } from '../world.ts';
import type { AuthorizationRequest, Return } from './authorization-request.ts';
import { formPostPage } from './page.ts';

/** Sends the client a code for what it asked (RFC 6749 section 4.1.2). */
export function grantCode(request: AuthorizationRequest, signedIn: SignedIn, authority: Authority): Answer {
  const { user, authTime } = signedIn;
  const { clientId, tenant, redirectUri, confidential, challenge, scope, nonce } = request;
  const grant = { clientId, tenant, userId: user.id, authTime, redirectUri, confidential, challenge, scope, nonce };
  const code = authority.authorizationCodes.issue(grant);
  const info = request.clientInfo ? { client_info: clientInfo(signedIn) } : {};
  return sendBack(request, { code, ...info });
}

/** Tells the client why not (RFC 6749 section 4.1.2.1). */
export function refuseClient(back: Return, refusal: AuthorityRefusal): Answer {
  return sendBack(back, { error: errors[refusal.kind].error, error_description: errorText(refusal) });
}

/** What a page with this redirect URI must let its form lead to. */
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
