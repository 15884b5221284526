import { randomBytes } from 'node:crypto';

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

export function setSession(sealed: string): string {
  return `${sessionCookie}=${sealed}; ${attributes}`;
}

export const endSession = `${sessionCookie}=; Max-Age=0; ${attributes}`;

/** The browser's nonce, kept where it has one, so that two pages may be open; `cookie` sets it where it has none. */
export function nonceOf({ nonce }: Cookies): { readonly nonce: string; readonly cookie: string | undefined } {
  if (nonce !== undefined && /^[\w-]{43}$/.test(nonce)) return { nonce, cookie: undefined };
  const made = randomBytes(32).toString('base64url');
  return { nonce: made, cookie: `${nonceCookie}=${made}; ${attributes}` };
}
