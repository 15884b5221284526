import { hash } from 'node:crypto';

/**
 * MSAL signs an assertion once and keeps it for its ten minutes: it sends the same one again for another resource, for
 * two requests at the same moment, and when it retries. So each resource counts by itself, and for this long after the
 * first use for a resource a repetition is taken for MSAL's. What is left to a finder is a resource not yet asked for.
 */
const reuseMs = 60_000;

/** So many uses of one client are remembered; a client that makes more assertions in their lifetime has to wait. */
const usesMax = 10_000;

export interface AssertionUse {
  readonly clientId: string;
  readonly jti: string;
  readonly resource: string;
  /** When the assertion is refused for its age anyway, in milliseconds since 1970. */
  readonly forgetAt: number;
}

interface Use {
  readonly first: number;
  readonly forgetAt: number;
}

/**
 * Which assertions were used, so that a replay is refused (RFC 7523 section 3, item 7). In this process's memory: a
 * restart forgets, and leaves an assertion that was seen by others good for the rest of its lifetime.
 */
export class AssertionUses {
  readonly #now: () => number;
  readonly #byClient = new Map<string, Map<string, Use>>();

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes the use of an assertion whose signature holds. */
  use({ clientId, jti, resource, forgetAt }: AssertionUse): 'fresh' | 'replayed' | 'tooMany' {
    const now = this.#now();
    const uses = this.#byClient.get(clientId) ?? new Map<string, Use>();
    this.#byClient.set(clientId, uses);
    const key = hash('sha256', JSON.stringify([jti, resource]), 'base64url');
    const known = uses.get(key);
    if (known !== undefined && known.forgetAt > now) return now - known.first < reuseMs ? 'fresh' : 'replayed';
    if (uses.size >= usesMax) {
      for (const [old, use] of uses) if (use.forgetAt <= now) uses.delete(old);
      if (uses.size >= usesMax) return 'tooMany';
    }
    uses.set(key, { first: now, forgetAt });
    return 'fresh';
  }
}
