import { randomBytes } from 'node:crypto';
import { Places } from '../shares/places.ts';

/** As in Entra: ten minutes, the longest that RFC 6749 section 4.1.2 recommends. */
export const codeLifetimeMs = 600_000;
/**
 * The most codes outstanding in total and for one user; beyond that an older one is dropped (`chooseLeaving`). A signed-in
 * browser gets a code with each request, and must not displace codes that others are about to redeem.
 */
const limits = { total: 10_000, perSource: 100 };

/** The request for which a code was issued. */
export interface CodeGrant {
  readonly clientId: string;
  readonly tenant: string;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly authTime: number;
  readonly redirectUri: string;
  /** Whether redeeming it requires the client's credential. */
  readonly confidential: boolean;
  /** Whether the client is a page in a browser: its tokens end with the session. */
  readonly page: boolean;
  /** The session of a page. */
  readonly sessionId?: string | undefined;
  /** The S256 code challenge (RFC 7636). */
  readonly challenge: string | undefined;
  readonly scope: string;
  readonly nonce: string | undefined;
}

export type Redemption =
  { readonly kind: 'granted'; readonly grant: CodeGrant } | { readonly kind: 'unknown' | 'expired' | 'used' };

interface Issued {
  readonly code: string;
  readonly grant: CodeGrant;
  readonly expiresAt: number;
  used: boolean;
}

/** Authorization codes, wherever they are remembered. */
export interface Codes {
  issue(grant: CodeGrant): string;
  /** Redeems the code. It is used up even if the request then fails. */
  redeem(code: string): Redemption | Promise<Redemption>;
}

/** Authorization codes, each valid for one use. They are in this process's memory: after a restart the user signs in again. */
export class AuthorizationCodes implements Codes {
  readonly #now: () => number;
  readonly #issued = new Map<string, Issued>();
  readonly #places = new Places<Issued>(limits);

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  issue(grant: CodeGrant): string {
    const now = this.#now();
    // Codes expire in the order in which they were issued. They are kept a while longer, so that they are known as expired.
    for (const old of this.#issued.values()) {
      if (old.expiresAt + codeLifetimeMs > now) break;
      this.#forget(old);
    }
    const place = `${grant.tenant} ${grant.userId}`;
    const room = this.#places.roomFor(place);
    if (room.kind === 'goes') this.#forget(room.connection);
    const code = randomBytes(32).toString('base64url');
    const issued: Issued = { code, grant, expiresAt: now + codeLifetimeMs, used: false };
    this.#issued.set(code, issued);
    this.#places.add(issued, place);
    return code;
  }

  /** Redeems the code. It is used up even if the request then fails. */
  redeem(code: string): Redemption {
    const issued = this.#issued.get(code);
    if (issued === undefined) return { kind: 'unknown' };
    if (issued.expiresAt <= this.#now()) return { kind: 'expired' };
    if (issued.used) return { kind: 'used' };
    issued.used = true;
    return { kind: 'granted', grant: issued.grant };
  }

  #forget(issued: Issued): void {
    this.#issued.delete(issued.code);
    this.#places.remove(issued);
  }
}
