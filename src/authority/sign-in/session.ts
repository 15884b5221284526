import { randomBytes } from 'node:crypto';
import { signedInSince } from '../user-authentication.ts';
import type { SignedIn } from '../user-authentication.ts';
import type { Authority } from '../services.ts';

/** `__Host-`: of this host alone, by https alone, whatever a neighbour under the same domain sets (RFC 6265bis section 4.1.3). */
const sessionCookie = '__Host-postern-session';
const nonceCookie = '__Host-postern-sign-in';
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict';

export interface Cookies {
  readonly session: string | undefined;
  /** What the browser was given together with a page, and the page's form must agree with. */
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

export const endSession = `${sessionCookie}=; Max-Age=0; ${attributes}`;

/** The browser's nonce, kept where it has one, so that two pages may be open; `cookie` sets it where it has none. */
export function nonceOf({ nonce }: Cookies): { readonly nonce: string; readonly cookie: string | undefined } {
  if (nonce !== undefined && /^[\w-]{43}$/.test(nonce)) return { nonce, cookie: undefined };
  const made = randomBytes(32).toString('base64url');
  return { nonce: made, cookie: `${nonceCookie}=${made}; ${attributes}` };
}

/** A browser stays signed in for a working day. */
const sessionMs = 8 * 3_600_000;

interface Session {
  readonly tenant: string;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly authTime: number;
}

/** The cookie by which the browser of somebody who has signed in is known. */
export function sessionCookieOf({ user, authTime }: SignedIn, { opaqueTokens }: Authority): string {
  const session: Session = { tenant: user.tenantId, userId: user.id, authTime };
  return setSession(opaqueTokens.seal('session', session));
}

/** Who is signed in in this browser, `undefined` for nobody of the tenant any more. */
export async function sessionOf(
  cookie: string | undefined,
  tenant: string,
  authority: Authority,
): Promise<SignedIn | undefined> {
  const session = cookie === undefined ? undefined : authority.opaqueTokens.open('session', cookie);
  if (!isSession(session) || session.tenant !== tenant) return undefined;
  if (authority.now() >= session.authTime + sessionMs) return undefined;
  const answer = await signedInSince(session, authority);
  return answer.ok ? answer.signedIn : undefined;
}

function isSession(value: unknown): value is Session {
  return typeof value === 'object' && value !== null && 'userId' in value && 'authTime' in value;
}
