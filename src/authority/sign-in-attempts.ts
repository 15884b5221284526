import { BoundedMap } from '../shares/bounded-map.ts';

/** Entra's smart lockout: after this many wrong passwords the account is locked, at first for a minute (Microsoft, "Smart lockout"). */
const attemptsMax = 10;
const firstLockMs = 60_000;
const longestLockMs = 3_600_000;
/** The most unknown names that are remembered. They are locked like user names; the one tried longest ago is dropped first. */
const unknownNamesMax = 10_000;
/** More wrong passwords than the people behind one address cause by mistake. */
const wrongPerSiteMax = 100;
const siteWindowMs = 60_000;
const sitesMax = 10_000;

/** The identity and site of a sign-in attempt. */
export interface Guess {
  readonly name: string;
  /** Whether a user has this name. */
  readonly exists: boolean;
  /** From `siteOf`. */
  readonly site: string | undefined;
}

/** Wrong passwords of a name. */
export interface Counted {
  readonly failed: number;
  readonly locks: number;
  readonly lockedUntil: number;
}

interface Noted extends Counted {
  /** How many passwords are being checked now. */
  readonly running: number;
}

/** Counts of wrong passwords, wherever they are remembered; the methods are those of `SignInAttempts`. */
export interface Attempts {
  begin(guess: Guess): Began | Promise<Began>;
  end(guess: Guess, outcome: 'right' | 'wrong' | 'notCompared'): void | Promise<void>;
}

type Began = 'go' | 'locked' | 'busy';

const none: Noted = { failed: 0, running: 0, locks: 0, lockedUntil: 0 };

/**
 * Counts wrong passwords by name, known or unknown, and by site. They are in this process's memory, so a restart clears
 * them. Passwords that are being checked count as wrong until the result is known, so that parallel guesses have no
 * advantage. Counts for users are never dropped, which is bounded by the number of users; guesses at unknown names
 * displace only other unknown names.
 */
export class SignInAttempts implements Attempts {
  readonly #now: () => number;
  readonly #known = new Map<string, Noted>();
  readonly #unknown = new BoundedMap<string, Noted>(unknownNamesMax);
  readonly #wrongBySite = new BoundedMap<string, number>(sitesMax);
  #siteWindow = 0;

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Whether a password may be checked now. `locked`: the name is locked. `busy`: try later, because the checks in progress
   * could lock the name, or the site has guessed too often in this minute.
   */
  begin(guess: Guess): 'go' | 'locked' | 'busy' {
    const noted = this.#noted(guess);
    if (noted.lockedUntil > this.#now()) return 'locked';
    if (noted.failed + noted.running >= attemptsMax) return 'busy';
    if (this.#wrongAt(guess.site) >= wrongPerSiteMax) return 'busy';
    this.#countAt(guess.site, 1);
    this.#put(guess, { ...noted, running: noted.running + 1 });
    return 'go';
  }

  /**
   * Records the result. A right password resets the count; a password that could not be checked is not counted, and
   * `wrongOfAll` only for the site, because all nodes together count those of the name.
   */
  end(guess: Guess, outcome: 'right' | 'wrong' | 'wrongOfAll' | 'notCompared'): void {
    const noted = this.#noted(guess);
    const running = Math.max(0, noted.running - 1);
    if (outcome === 'right' || outcome === 'notCompared') this.#countAt(guess.site, -1);
    if (outcome === 'right') this.#put(guess, { ...none, running });
    else if (outcome === 'wrong') this.#put(guess, { ...noted, ...afterWrong(noted, this.#now()), running });
    else this.#put(guess, { ...noted, running });
  }

  /** Includes counts from before the name's user was created or deleted. */
  #noted({ name }: Guess): Noted {
    return this.#known.get(name) ?? this.#unknown.get(name) ?? none;
  }

  #put({ name, exists }: Guess, attempts: Noted): void {
    this.#known.delete(name);
    this.#unknown.delete(name);
    if (attempts.running + attempts.failed + attempts.locks === 0) return;
    if (exists) {
      this.#known.set(name, attempts);
      return;
    }
    this.#unknown.set(name, attempts);
  }

  #wrongAt(site: string | undefined): number {
    const window = Math.floor(this.#now() / siteWindowMs);
    if (window !== this.#siteWindow) this.#wrongBySite.clear();
    this.#siteWindow = window;
    return site === undefined ? 0 : (this.#wrongBySite.get(site) ?? 0);
  }

  #countAt(site: string | undefined, by: 1 | -1): void {
    if (site === undefined) return;
    const count = Math.max(0, this.#wrongAt(site) + by);
    if (count === 0) this.#wrongBySite.delete(site);
    else this.#wrongBySite.set(site, count);
  }
}

/** The counts after one more wrong password: enough of them lock the name. */
export function afterWrong({ failed, locks, lockedUntil }: Counted, nowMs: number): Counted {
  if (failed + 1 < attemptsMax) return { failed: failed + 1, locks, lockedUntil };
  return { failed: 0, locks: locks + 1, lockedUntil: nowMs + lockMs(locks) };
}

function lockMs(locksBefore: number): number {
  return Math.min(firstLockMs * 2 ** locksBefore, longestLockMs);
}
