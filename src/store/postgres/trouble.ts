import { StoreRefused } from '../refused.ts';
import { Condition } from './condition.ts';
import { elapsedMs } from './proof.ts';
import type { Moment } from './proof.ts';

/** A reason may change with each heartbeat, as when two hosts of a URL fail in turn. */
const tellAgainMs = 10_000;

/** Why the database cannot be asked, and since when. Calls wait here for that to change. */
export class Trouble {
  readonly #notice: (message: string) => void;
  #since: Moment | undefined;
  #why: string | undefined;
  #cause: unknown;
  #told: { readonly why: string; readonly at: Moment } | undefined;
  readonly #turning = new Condition();

  /** `notice` is told once when it begins, when it is over, and at most each ten seconds that it has another reason. */
  constructor(notice: (message: string) => void) {
    this.#notice = notice;
  }

  get why(): string | undefined {
    return this.#why;
  }

  get since(): Moment | undefined {
    return this.#since;
  }

  get cause(): unknown {
    return this.#cause;
  }

  begin(
    why: string,
    { now, cause, isFirst }: { readonly now: Moment; readonly cause?: unknown; readonly isFirst: boolean },
  ): void {
    this.#since ??= now;
    this.#why = why;
    this.#cause = cause;
    // At the start, the opening fails with the reason instead.
    const isDue = this.#told === undefined || elapsedMs(this.#told.at, now) >= tellAgainMs;
    if (!isFirst && isDue && this.#told?.why !== why) {
      this.#told = { why, at: now };
      this.#notice(`The database cannot be asked: ${why}. Requests that need it are answered with 503.`);
    }
    this.turn();
  }

  /**
   * The database answers, and only has to be accepted: calls are patient from now on. One that was just refused waits for an
   * operator, and its calls for nothing; only a standby may become what is accepted.
   */
  renew(now: Moment): void {
    const isRefused = this.#cause instanceof StoreRefused && this.#cause.kind !== 'standby';
    if (this.#since !== undefined && !isRefused) this.#since = now;
  }

  end(): void {
    if (this.#told !== undefined) this.#notice('The database can be asked again.');
    this.#told = undefined;
    this.#since = undefined;
    this.#why = undefined;
    this.#cause = undefined;
  }

  /** Wakes those that wait in `next`. */
  turn(): void {
    this.#turning.notifyAll();
  }

  /** Resolves at the next turn, or after the milliseconds. */
  next(mostMs: number): Promise<void> {
    return this.#turning.wait(mostMs);
  }
}
