/** Entra's smart lockout: after so many wrong passwords the account is locked, for a minute at first (Microsoft, "Smart lockout"). */
const attemptsMax = 10;
const firstLockMs = 60_000;
const longestLockMs = 3_600_000;
/** So many names are remembered; the one that was tried longest ago is forgotten first. */
const namesMax = 10_000;

interface Attempts {
  readonly failed: number;
  readonly locks: number;
  readonly lockedUntil: number;
}

const none: Attempts = { failed: 0, locks: 0, lockedUntil: 0 };

/**
 * How often a password was guessed wrong for a name, known or not. In this process's memory: a restart forgets. Counted
 * before the password is compared, so that guesses side by side are no more than guesses in turn.
 */
export class SignInAttempts {
  readonly #now: () => number;
  readonly #byName = new Map<string, Attempts>();

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes an attempt; `false` when the name is locked, and nothing may be compared. */
  begin(name: string): boolean {
    const now = this.#now();
    const known = this.#byName.get(name) ?? none;
    if (known.lockedUntil > now) return false;
    const failed = known.failed + 1;
    const locked = failed >= attemptsMax;
    const lockMs = Math.min(firstLockMs * 2 ** known.locks, longestLockMs);
    this.#byName.delete(name);
    if (this.#byName.size >= namesMax) {
      const [oldest] = this.#byName.keys();
      if (oldest !== undefined) this.#byName.delete(oldest);
    }
    const next = { failed: 0, locks: known.locks + 1, lockedUntil: now + lockMs };
    this.#byName.set(name, locked ? next : { ...known, failed });
    return true;
  }

  /** The password was right: what was noted is forgotten. */
  succeeded(name: string): void {
    this.#byName.delete(name);
  }
}
