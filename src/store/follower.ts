import type { Cursor, Store } from './store.ts';

/** How many changed keys are told at a time. */
const pageSize = 1000;
/** How often it looks without having been woken. */
const lookEveryMs = 1_000;

export interface FollowerParts {
  readonly store: Pick<Store, 'changes'>;
  /** Calls the listener when there may be commits, and returns what ends that. A wake that is lost costs `lookEveryMs`. */
  readonly committed: (listener: () => void) => () => void;
  /** Called once for each failure that lasts. */
  readonly failed: (error: unknown) => void;
  /** Called when one is over. */
  readonly recovered?: () => void;
  /** Whether nothing can be read at all at the moment, which is known otherwise: `behindMs` does not count that time. */
  readonly isAway?: () => boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** Is told of changes. An error that it throws is reported, and the same changes are told again. */
export interface Followed {
  /** Changed keys, of this process's own commits, too. */
  changed(keys: readonly string[]): Promise<void>;
  /** All may have changed: the store does not know how. */
  expired(): Promise<void>;
}

/**
 * Follows the changes of a store that others write, too, from its opening on. What depends on the truth requires it
 * instead (`Requirement`): this is for what would otherwise wait, and for what is dropped from memory.
 */
export class Follower {
  readonly #parts: FollowerParts;
  #cursor: Cursor;
  #followed: Followed | undefined;
  #stop: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #wanted = false;
  #failing = false;
  readonly #now: () => number;
  #followedAtMs: number;

  private constructor(parts: FollowerParts, cursor: Cursor) {
    const { now = () => performance.now() } = parts;
    this.#parts = parts;
    this.#cursor = cursor;
    this.#now = now;
    this.#followedAtMs = now();
  }

  /** How long ago it has told of everything that was committed then, or the store was away. */
  get behindMs(): number {
    return this.#now() - this.#followedAtMs;
  }

  /** Open it before anything is read that it keeps fresh. */
  static async open(parts: FollowerParts): Promise<Follower> {
    const { cursor } = await parts.store.changes(undefined, 1);
    return new Follower(parts, cursor);
  }

  /** Tells of every change since the opening, one page after the other. */
  start(followed: Followed): void {
    this.#followed = followed;
    this.#stop = this.#parts.committed(() => this.#wake());
    this.#timer = setInterval(() => this.#wake(), lookEveryMs).unref();
    this.#wake();
  }

  async close(): Promise<void> {
    this.#stop?.();
    clearInterval(this.#timer);
    this.#followed = undefined;
    await this.#running;
  }

  #wake(): void {
    this.#wanted = true;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (this.#wanted && this.#followed !== undefined) {
        this.#wanted = false;
        await this.#look(this.#followed);
      }
      if (this.#failing) this.#parts.recovered?.();
      this.#failing = false;
    } catch (error) {
      if (this.#parts.isAway?.() === true) this.#followedAtMs = this.#now();
      if (!this.#failing && this.#followed !== undefined) this.#parts.failed(error);
      this.#failing = true;
    } finally {
      this.#running = undefined;
    }
  }

  async #look(followed: Followed): Promise<void> {
    const askedAtMs = this.#now();
    const changes = await this.#parts.store.changes(this.#cursor, pageSize);
    if (changes.expired) await followed.expired();
    else if (changes.keys.length > 0) await followed.changed(changes.keys);
    this.#cursor = changes.cursor;
    if (!changes.expired && changes.more) this.#wanted = true;
    else this.#followedAtMs = askedAtMs;
  }
}
