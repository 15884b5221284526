import type { Fleeting } from './fleeting.ts';
import type { OpaqueTokens } from './opaque-tokens.ts';
import { afterWrong } from './sign-in-attempts.ts';
import type { Attempts, Counted, Guess, SignInAttempts } from './sign-in-attempts.ts';

/** How long wrong passwords of a name are remembered after the last one. */
const rememberedMs = 86_400_000;
/** The most records for names that no user has: strangers can invent any number of them. */
const unknownPlaces = 4_096;
/** How often a count is read again that other nodes change at the same time. */
const triesMax = 20;

interface Parts {
  readonly fleeting: Fleeting;
  readonly opaqueTokens: Pick<OpaqueTokens, 'placeOf'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Wrong passwords by name, counted by all nodes together. Names that no user has share a bounded number of records, so that
 * guesses at them are locked as those at users are, and lock only one another. Each node itself counts the passwords that it is
 * checking and the wrong ones of a site: so of one name a few more may be checked at the same moment than one node would
 * allow.
 */
export class SharedAttempts implements Attempts {
  readonly #fleeting: Fleeting;
  readonly #opaqueTokens: Pick<OpaqueTokens, 'placeOf'>;
  readonly #own: SignInAttempts;
  readonly #now: () => number;

  constructor({ fleeting, opaqueTokens, now }: Parts, own: SignInAttempts) {
    this.#fleeting = fleeting;
    this.#opaqueTokens = opaqueTokens;
    this.#own = own;
    this.#now = now;
  }

  async begin(guess: Guess): Promise<'go' | 'locked' | 'busy'> {
    const begun = this.#own.begin(guess);
    if (begun !== 'go') return begun;
    try {
      const { counted } = await this.#noted(guess);
      if (counted.lockedUntil <= this.#now()) return 'go';
    } catch (error) {
      this.#own.end(guess, 'notCompared');
      throw error;
    }
    this.#own.end(guess, 'notCompared');
    return 'locked';
  }

  async end(guess: Guess, outcome: 'right' | 'wrong' | 'notCompared'): Promise<void> {
    this.#own.end(guess, outcome === 'wrong' ? 'wrongOfAll' : outcome);
    if (outcome === 'notCompared') return;
    for (let tries = 0; tries < triesMax; tries += 1) {
      const { before, counted } = await this.#noted(guess);
      if (outcome === 'right' && before === undefined) return;
      const value = outcome === 'right' ? {} : { value: this.#wrong(counted) };
      if (await this.#fleeting.replace('attempts', this.#recordOf(guess), { before, ...value })) return;
    }
  }

  #wrong(counted: Counted) {
    return { ...afterWrong(counted, this.#now()), until: this.#now() + rememberedMs };
  }

  #recordOf({ name, exists }: Guess): string {
    return exists ? `user ${name}` : `unknown ${this.#opaqueTokens.placeOf(name, unknownPlaces)}`;
  }

  async #noted(guess: Guess) {
    const before = await this.#fleeting.read('attempts', this.#recordOf(guess));
    const numberOf = (member: keyof Counted) => Number(before?.value[member] ?? 0);
    const [failed, locks, lockedUntil] = [numberOf('failed'), numberOf('locks'), numberOf('lockedUntil')];
    return { before, counted: { failed, locks, lockedUntil } };
  }
}
