import { randomBytes } from 'node:crypto';
import { Refused } from '../../edge/edge.ts';
import type { Transaction } from '../../store/store.ts';
import { endSession, hasEnded } from '../ended-sessions.ts';
import { signedInSince } from '../user-authentication.ts';
import type { SignedIn } from '../user-authentication.ts';
import type { Authority } from '../services.ts';

/** `__Host-`: for this host and https only, whatever hosts under the same domain set (RFC 6265bis section 4.1.3). */
const sessionCookie = '__Host-postern-session';
const nonceCookie = '__Host-postern-sign-in';
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict';

export interface Cookies {
  readonly session: string | undefined;
  /** The value that the browser got with a page, which the page's form must match. */
  readonly nonce: string | undefined;
}

export function readCookies(header: string | undefined): Cookies {
  const pairs = (header ?? '').split(';').map((pair) => {
    const [name = '', ...value] = pair.trim().split('=');
    return [name, value.join('=')] as const;
  });
  const find = (wanted: string) => pairs.find(([name]) => name === wanted)?.[1];
  return { session: find(sessionCookie), nonce: find(nonceCookie) };
}

function setSession(sealed: string): string {
  return `${sessionCookie}=${sealed}; ${attributes}`;
}

/** The cookie that takes the session from the browser. */
export const noSession = `${sessionCookie}=; Max-Age=0; ${attributes}`;

/** The browser's nonce. An existing one is kept, so that two pages may be open; otherwise `cookie` sets a new one. */
export function nonceOf({ nonce }: Cookies): { readonly nonce: string; readonly cookie: string | undefined } {
  if (nonce !== undefined && /^[\w-]{43}$/.test(nonce)) return { nonce, cookie: undefined };
  const made = randomBytes(32).toString('base64url');
  return { nonce: made, cookie: `${nonceCookie}=${made}; ${attributes}` };
}

/** The duration of a browser session: a working day. */
const sessionMs = 8 * 3_600_000;

interface Session {
  readonly tenant: string;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly authTime: number;
  /** The cookie of an earlier release does not have it. */
  readonly sessionId?: string | undefined;
}

/** The session cookie of a user who has signed in. */
export function sessionCookieOf({ user, authTime, sessionId }: SignedIn, { opaqueTokens }: Authority): string {
  const session: Session = { tenant: user.tenantId, userId: user.id, authTime, sessionId };
  return setSession(opaqueTokens.seal('session', session));
}

/** The user who is signed in in this browser; `undefined` if there is no valid session for the tenant. */
export async function sessionOf(
  cookie: string | undefined,
  tenant: string,
  authority: Authority,
): Promise<SignedIn | undefined> {
  const session = cookie === undefined ? undefined : authority.opaqueTokens.open('session', cookie);
  if (!isSession(session) || session.tenant !== tenant) return undefined;
  if (authority.now() >= session.authTime + sessionMs) return undefined;
  return signedInSince(session, authority).catch((error: unknown) => {
    if (error instanceof Refused) return undefined;
    throw error;
  });
}

/**
 * The id of the browser's session, which the next sign-in in that browser keeps, so that to sign out ends the tokens of both;
 * `undefined` if there is none that has not ended.
 */
export async function sessionIdOf(
  cookie: string | undefined,
  { store, opaqueTokens }: Authority,
): Promise<string | undefined> {
  const session = cookie === undefined ? undefined : opaqueTokens.open('session', cookie);
  if (!isSession(session) || session.sessionId === undefined) return undefined;
  return (await hasEnded(store, session.sessionId)) ? undefined : session.sessionId;
}

/** The change that ends the session of a cookie, and with it the tokens that pages have from it; `undefined`: there is none. */
export async function endingOf(
  cookie: string | undefined,
  { store, opaqueTokens, now }: Authority,
): Promise<Transaction | undefined> {
  const session = cookie === undefined ? undefined : opaqueTokens.open('session', cookie);
  if (!isSession(session) || session.sessionId === undefined) return undefined;
  const { sessionId, authTime } = session;
  return endSession(store, { sessionId, authTime }, now());
}

function isSession(value: unknown): value is Session {
  return typeof value === 'object' && value !== null && 'userId' in value && 'authTime' in value;
}
