import { BoundedMap } from '../shares/bounded-map.ts';

/** Entra's smart lockout: after so many wrong passwords the account is locked, for a minute at first (Microsoft, "Smart lockout"). */
const attemptsMax = 10;
const firstLockMs = 60_000;
const longestLockMs = 3_600_000;
/** So many names that nobody has are remembered, each locked like any other; the one that was tried longest ago is forgotten first. */
const unknownNamesMax = 10_000;
/** More than the people behind one address get wrong by themselves. */
const wrongPerSiteMax = 100;
const siteWindowMs = 60_000;
const sitesMax = 10_000;

/** The identity that a caller claims, and where it is. */
export interface Guess {
  readonly name: string;
  /** Whether a user has the name. */
  readonly exists: boolean;
  /** As `siteOf` says it. */
  readonly site: string | undefined;
}

interface Attempts {
  readonly failed: number;
  /** How many passwords are being compared. */
  readonly running: number;
  readonly locks: number;
  readonly lockedUntil: number;
}

const none: Attempts = { failed: 0, running: 0, locks: 0, lockedUntil: 0 };

/**
 * How often a password was guessed wrong for a name, known or not, and from a site. In this process's memory: a restart
 * forgets. Those that are being compared count as wrong until it is known, so that guesses side by side are no more than
 * guesses in turn. Of names that users have nothing is forgotten, which is as much as there are users; guesses at others
 * push out only others.
 */
export class SignInAttempts {
  readonly #now: () => number;
  readonly #known = new Map<string, Attempts>();
  readonly #unknown = new BoundedMap<string, Attempts>(unknownNamesMax);
  readonly #wrongBySite = new BoundedMap<string, number>(sitesMax);
  #siteWindow = 0;

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Whether a password may be compared now: not when the name is `locked`, and later when so many are that one might lock
   * it, or the site has guessed too often in this minute.
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

  /** What came of it. A right password forgets what was noted, and one that could not be compared is not noted. */
  end(guess: Guess, outcome: 'right' | 'wrong' | 'notCompared'): void {
    const noted = this.#noted(guess);
    const running = Math.max(0, noted.running - 1);
    const failed = noted.failed + 1;
    if (outcome !== 'wrong') this.#countAt(guess.site, -1);
    if (outcome === 'notCompared') this.#put(guess, { ...noted, running });
    else if (outcome === 'right') this.#put(guess, { ...none, running });
    else if (failed < attemptsMax) this.#put(guess, { ...noted, running, failed });
    else this.#put(guess, { ...none, running, locks: noted.locks + 1, lockedUntil: this.#now() + lockMs(noted.locks) });
  }

  /** Also what was noted before a user had the name, or still had it. */
  #noted({ name }: Guess): Attempts {
    return this.#known.get(name) ?? this.#unknown.get(name) ?? none;
  }

  #put({ name, exists }: Guess, attempts: Attempts): void {
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

function lockMs(locksBefore: number): number {
  return Math.min(firstLockMs * 2 ** locksBefore, longestLockMs);
}
