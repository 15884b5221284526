import { hash } from 'node:crypto';

/**
 * MSAL signs an assertion once and keeps it for ten minutes: it sends the same one again for another resource, for two
 * simultaneous requests, and in a retry. So each resource counts separately, and for this long after the first use for a
 * resource a repetition is accepted as MSAL's. A thief of the assertion can use it only for a resource not yet requested.
 */
const reuseMs = 60_000;

/** The most uses remembered for one client. A client that makes more assertions within their lifetime has to wait. */
const usesMax = 10_000;

export interface AssertionUse {
  readonly clientId: string;
  readonly jti: string;
  readonly resource: string;
  /** When the assertion is too old anyway and its use need not be remembered, in milliseconds since 1970. */
  readonly forgetAt: number;
}

interface Use {
  readonly first: number;
  readonly forgetAt: number;
}

/** Of an assertion that was first used at that time, in milliseconds since 1970. */
export function replayVerdict(firstMs: number, nowMs: number): 'fresh' | 'replayed' {
  return nowMs - firstMs < reuseMs ? 'fresh' : 'replayed';
}

/**
 * Remembers which assertions were used, so that a replay is refused (RFC 7523 section 3, item 7). They are in this
 * process's memory: after a restart, an assertion can be replayed for the rest of its lifetime.
 */
export class AssertionUses {
  readonly #now: () => number;
  readonly #byClient = new Map<string, Map<string, Use>>();

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Records the use of an assertion whose signature was verified. */
  use({ clientId, jti, resource, forgetAt }: AssertionUse): 'fresh' | 'replayed' | 'tooMany' {
    const now = this.#now();
    const uses = this.#byClient.get(clientId) ?? new Map<string, Use>();
    this.#byClient.set(clientId, uses);
    const key = hash('sha256', JSON.stringify([jti, resource]), 'base64url');
    const known = uses.get(key);
    if (known !== undefined && known.forgetAt > now) return replayVerdict(known.first, now);
    if (uses.size >= usesMax) {
      for (const [old, use] of uses) if (use.forgetAt <= now) uses.delete(old);
      if (uses.size >= usesMax) return 'tooMany';
    }
    uses.set(key, { first: now, forgetAt });
    return 'fresh';
  }
}
