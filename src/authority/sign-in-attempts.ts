/** Entra's smart lockout: after so many wrong passwords the account is locked, for a minute at first (Microsoft, "Smart lockout"). */
const attemptsMax = 10;
const firstLockMs = 60_000;
const longestLockMs = 3_600_000;
/** So many names are remembered; the one that was tried longest ago is forgotten first. */
const namesMax = 10_000;

interface Attempts {
  readonly failed: number;
  /** How many passwords are being compared. */
  readonly running: number;
  readonly locks: number;
  readonly lockedUntil: number;
}

const none: Attempts = { failed: 0, running: 0, locks: 0, lockedUntil: 0 };

/**
 * How often a password was guessed wrong for a name, known or not. In this process's memory: a restart forgets. Those that
 * are being compared count as wrong until it is known, so that guesses side by side are no more than guesses in turn.
 */
export class SignInAttempts {
  readonly #now: () => number;
  readonly #byName = new Map<string, Attempts>();

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a password may be compared now: not when the name is `locked`, and later when so many are that one might lock it. */
  begin(name: string): 'go' | 'locked' | 'busy' {
    const known = this.#byName.get(name) ?? none;
    if (known.lockedUntil > this.#now()) return 'locked';
    if (known.failed + known.running >= attemptsMax) return 'busy';
    this.#put(name, { ...known, running: known.running + 1 });
    return 'go';
  }

  /** What came of it. A right password forgets what was noted, and one that could not be compared is not noted. */
  end(name: string, outcome: 'right' | 'wrong' | 'notCompared'): void {
    const known = this.#byName.get(name) ?? none;
    const running = Math.max(0, known.running - 1);
    const failed = known.failed + 1;
    if (outcome === 'notCompared') this.#put(name, { ...known, running });
    else if (outcome === 'right') this.#put(name, { ...none, running });
    else if (failed < attemptsMax) this.#put(name, { ...known, running, failed });
    else this.#put(name, { ...none, running, locks: known.locks + 1, lockedUntil: this.#now() + lockMs(known.locks) });
  }

  #put(name: string, attempts: Attempts): void {
    this.#byName.delete(name);
    if (attempts.running + attempts.failed + attempts.locks === 0) return;
    if (this.#byName.size >= namesMax) {
      const [oldest] = this.#byName.keys();
      if (oldest !== undefined) this.#byName.delete(oldest);
    }
    this.#byName.set(name, attempts);
  }
}

function lockMs(locksBefore: number): number {
  return Math.min(firstLockMs * 2 ** locksBefore, longestLockMs);
}
