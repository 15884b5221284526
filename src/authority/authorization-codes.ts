import { randomBytes } from 'node:crypto';

/** Entra's live ten minutes, the longest that RFC 6749 section 4.1.2 recommends. */
const lifetimeMs = 600_000;
/** So many are out at a time; each took a sign-in. The oldest is forgotten first. */
const codesMax = 10_000;

/** What a code stands for. */
export interface CodeGrant {
  readonly clientId: string;
  readonly tenant: string;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly authTime: number;
  readonly redirectUri: string;
  /** Whether whoever redeems it must show the client's credential. */
  readonly confidential: boolean;
  /** The S256 code challenge (RFC 7636). */
  readonly challenge: string | undefined;
  readonly scope: string;
  readonly nonce: string | undefined;
}

export type Redeemed =
  { readonly kind: 'granted'; readonly grant: CodeGrant } | { readonly kind: 'unknown' | 'expired' | 'used' };

interface Issued {
  readonly grant: CodeGrant;
  readonly expiresAt: number;
  used: boolean;
}

/** Authorization codes, each good for one use. In this process's memory: after a restart the user signs in again. */
export class AuthorizationCodes {
  readonly #now: () => number;
  readonly #issued = new Map<string, Issued>();

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  issue(grant: CodeGrant): string {
    const [oldest] = this.#issued.keys();
    if (oldest !== undefined && this.#issued.size >= codesMax) this.#issued.delete(oldest);
    const code = randomBytes(32).toString('base64url');
    this.#issued.set(code, { grant, expiresAt: this.#now() + lifetimeMs, used: false });
    return code;
  }

  /** Takes the code, whatever becomes of it: one that was shown wrongly is worth nothing afterwards. */
  redeem(code: string): Redeemed {
    const issued = this.#issued.get(code);
    if (issued === undefined) return { kind: 'unknown' };
    if (issued.expiresAt <= this.#now()) return { kind: 'expired' };
    if (issued.used) return { kind: 'used' };
    issued.used = true;
    return { kind: 'granted', grant: issued.grant };
  }
}
