import { findClient } from '../../directory/clients.ts';
import { registeredAs } from '../../directory/redirect-uris.ts';
import { refusalOf, Refused } from '../../edge/edge.ts';
import type { Answer } from '../../http/answer.ts';
import { devicePath } from '../device-authorization.ts';
import { AnsweredRefusal } from '../endpoint.ts';
import type { Answered } from '../endpoint.ts';
import { errors, errorMessage } from '../errors.ts';
import type { Form } from '../form.ts';
import { refused } from '../refusal.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import { authenticateUser } from '../user-authentication.ts';
import type { SignedIn } from '../user-authentication.ts';
import type { Authority } from '../services.ts';
import { formActionOf, grantCode, readAuthorization, refusedTo } from './authorization.ts';
import type { AuthorizationRequest, AuthorizeCall } from './authorization.ts';
import { messagePage, refusalPage, signInPage, userCodePage } from './page.ts';
import { endingOf, noSession, nonceOf, sessionCookieOf, sessionIdOf, sessionOf } from './session.ts';
import type { Cookies } from './session.ts';

/** How long a page may be open before its form is sent. */
const pageMs = 15 * 60_000;

/** The sealed state in a page's form: only the browser that got the page can send it, and it cannot change it. */
interface PageState {
  readonly nonce: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly purpose:
    | { readonly kind: 'authorize'; readonly request: AuthorizationRequest }
    | { readonly kind: 'userCode' }
    | { readonly kind: 'device'; readonly userCode: string; readonly tenant: string; readonly clientName: string };
}

type Purpose = PageState['purpose'];

export interface Browser {
  readonly cookies: Cookies;
  /** Whether the browser says that the form was on another site. */
  readonly crossSite: boolean;
  /** Whether the browser says that a page of another origin sent it here, and not the user or a program. */
  readonly sentByPage: boolean;
  /** The site of its address (`siteOf`). */
  readonly site: string | undefined;
}

/** `GET /{tenant}/oauth2/v2.0/authorize`: shows the sign-in page, or answers the client at once. */
export async function authorize(call: AuthorizeCall, browser: Browser, authority: Authority): Promise<Answer> {
  const request = await readAuthorization(call, authority);
  const prompts = (call.form.get('prompt') ?? '').split(' ');
  // RFC 8252 section 8.6: nothing proves a native client. A page at another port of this host, where the browser sends the
  // session's cookie too, would else get a code sent to any port of loopback, unseen.
  const isUnproved = request.native === true && browser.sentByPage;
  const mustSignIn = isUnproved || ['login', 'select_account', 'consent'].some((prompt) => prompts.includes(prompt));
  const signedIn = mustSignIn ? undefined : await sessionOf(browser.cookies.session, request.tenant, authority);
  if (signedIn !== undefined) return grantCode(request, signedIn, authority);
  if (prompts.includes('none')) throw refusedTo(request, { kind: 'signInNeeded' });
  return askToSignIn({ kind: 'authorize', request }, { browser, username: call.form.get('login_hint') }, authority);
}

/** `GET /devicelogin`: shows the page that asks for the code. */
export function askForUserCode(browser: Browser, authority: Authority, refusal?: AuthorityRefusal): Answer {
  const { state, cookie } = sealState({ kind: 'userCode' }, browser, authority);
  const error = refusal === undefined ? {} : { error: errorMessage(refusal) };
  return userCodePage({ action: devicePath, state, cookie, ...error });
}

/** `POST /devicelogin`: takes the code, and shows the sign-in page with the name of the client. */
export async function submitUserCode(form: Form, browser: Browser, authority: Authority): Promise<Answer> {
  const purpose = openState(form, browser, authority);
  if (purpose?.kind !== 'userCode') throw refused({ kind: 'signInForged' });
  const userCode = form.get('otc') ?? '';
  const device = await authority.deviceCodes.find(userCode);
  if (device === undefined) return askForUserCode(browser, authority, { kind: 'userCodeUnknown' });
  const { tenant, clientId } = device;
  const client = await findClient(authority.store, tenant, clientId);
  const clientName = client?.displayName ?? clientId;
  return askToSignIn({ kind: 'device', userCode, tenant, clientName }, { browser }, authority);
}

/** `POST /{tenant}/login`: takes name and password, and continues with what the user signed in to. */
export async function signIn(form: Form, browser: Browser, authority: Authority): Promise<Answered> {
  const purpose = openState(form, browser, authority);
  if (purpose === undefined || purpose.kind === 'userCode') throw refused({ kind: 'signInForged' });
  const tenant = purpose.kind === 'device' ? purpose.tenant : purpose.request.tenant;
  const username = form.get('login') ?? '';
  const password = form.get('passwd') ?? '';
  const user = { tenant, username, password, site: browser.site };
  const authenticated = await authenticateUser(user, authority).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    const refusal = refusalOf<AuthorityRefusal>(error);
    const clientId = purpose.kind === 'device' ? undefined : purpose.request.clientId;
    const again = askToSignIn(purpose, { browser, username, refusal }, authority);
    throw new AnsweredRefusal(refusal, again, { tenant, username, clientId });
  });
  const sessionId = (await sessionIdOf(browser.cookies.session, authority)) ?? authority.newId();
  const signedIn = { ...authenticated, sessionId };
  const answer = await finishSignIn(purpose, signedIn, authority);
  const headers = { ...answer.headers, 'set-cookie': sessionCookieOf(signedIn, authority) };
  return { answer: { ...answer, headers } };
}

async function finishSignIn(
  purpose: Exclude<Purpose, { kind: 'userCode' }>,
  signedIn: SignedIn,
  authority: Authority,
): Promise<Answer> {
  if (purpose.kind === 'authorize') return grantCode(purpose.request, signedIn, authority);
  const { userCode, tenant, clientName } = purpose;
  const approval = { userId: signedIn.user.id, tenant, authTime: signedIn.authTime };
  if (!(await authority.deviceCodes.approve(userCode, approval))) return refusalPage({ kind: 'userCodeUnknown' });
  return messagePage('Signed in', `You have signed in to ${clientName} on your device. You may close this window.`);
}

interface SignInPrompt {
  readonly browser: Browser;
  readonly username?: string | undefined;
  readonly refusal?: AuthorityRefusal;
}

function askToSignIn(
  purpose: Exclude<Purpose, { kind: 'userCode' }>,
  { browser, username, refusal }: SignInPrompt,
  authority: Authority,
): Answer {
  const { state, cookie } = sealState(purpose, browser, authority);
  const device = purpose.kind === 'device';
  return signInPage({
    action: `/${device ? purpose.tenant : purpose.request.tenant}/login`,
    state,
    cookie,
    username,
    device,
    clientName: device ? purpose.clientName : purpose.request.clientName,
    ...(device ? {} : { formAction: formActionOf(purpose.request.redirectUri) }),
    ...(refusal === undefined ? {} : { error: errorMessage(refusal), status: errors[refusal.kind].status }),
  });
}

function sealState(purpose: Purpose, { cookies }: Browser, authority: Authority) {
  const { nonce, cookie } = nonceOf(cookies);
  const state: PageState = { nonce, expiresAt: authority.now() + pageMs, purpose };
  return { state: authority.opaqueTokens.seal('sign-in', state), cookie };
}

function openState(form: Form, { cookies, crossSite }: Browser, authority: Authority): Purpose | undefined {
  const state = authority.opaqueTokens.open('sign-in', form.get('state') ?? '');
  if (crossSite || !isPageState(state) || state.nonce !== cookies.nonce) return undefined;
  return authority.now() < state.expiresAt ? state.purpose : undefined;
}

function isPageState(value: unknown): value is PageState {
  return typeof value === 'object' && value !== null && 'purpose' in value && 'nonce' in value;
}

/**
 * `GET /{tenant}/oauth2/v2.0/logout` (OpenID Connect RP-Initiated Logout 1.0): signs the browser out, and redirects to
 * `post_logout_redirect_uri` if that is registered for the client `client_id`. The refresh tokens that pages have from
 * this session end; access tokens, and what other clients have, stay valid until they expire.
 */
export async function signOut(call: SigningOut, { cookies }: Browser, authority: Authority): Promise<Answered> {
  const change = await endingOf(cookies.session, authority);
  return { answer: await signedOut(call, authority), ...(change !== undefined && { change }) };
}

interface SigningOut {
  readonly form: Form;
  readonly tenant: string;
  readonly origin: string;
}

async function signedOut({ form, tenant, origin }: SigningOut, { store }: Authority): Promise<Answer> {
  const target = form.get('post_logout_redirect_uri');
  const client = await findClient(store, tenant, form.get('client_id') ?? '');
  if (target !== undefined && client !== undefined && registeredAs(client.redirectUris, target, origin) !== undefined) {
    const state = form.get('state');
    const query =
      state === undefined ? '' : `${target.includes('?') ? '&' : '?'}${new URLSearchParams({ state }).toString()}`;
    return { status: 302, headers: { location: `${target}${query}`, 'set-cookie': noSession } };
  }
  return messagePage('Signed out', 'You are signed out in this browser.', { cookie: noSession });
}
