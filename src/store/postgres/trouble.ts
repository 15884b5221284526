import type { Moment } from './proof.ts';

/** Why the database cannot be asked, since when, and who waits for that to change. */
export class Trouble {
  readonly #notice: (message: string) => void;
  #since: Moment | undefined;
  #why: string | undefined;
  #cause: unknown;
  #told: string | undefined;
  #turning = Promise.withResolvers<void>();

  /** `notice` is told once when it begins or has another reason, and when it is over. */
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
    // At the start who opens the store is told instead.
    if (!isFirst && this.#told !== why) {
      this.#told = why;
      this.#notice(`The database cannot be asked: ${why}. Requests that need it are answered with 503.`);
    }
    this.turn();
  }

  /** The database answers, and only has to be accepted: calls are patient from now on. */
  renew(now: Moment): void {
    if (this.#since !== undefined) this.#since = now;
  }

  end(): void {
    if (this.#told !== undefined) this.#notice('The database is answered for again.');
    this.#told = undefined;
    this.#since = undefined;
    this.#why = undefined;
    this.#cause = undefined;
  }

  /** Wakes who waits. */
  turn(): void {
    const turned = this.#turning;
    this.#turning = Promise.withResolvers();
    turned.resolve();
  }

  /** Resolves at the next turn, or after the milliseconds. */
  async next(mostMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, mostMs);
    await Promise.race([this.#turning.promise, promise]);
    clearTimeout(timer);
  }
}
