import type { Link } from './link.ts';

export interface FollowerParts {
  readonly link: Link;
  /** The connection that notifications come on, if the database delivers them to it. */
  readonly notified: Link | undefined;
  readonly schema: string;
  readonly pollMs: number;
}

/**
 * Wakes who follows the changes or waits for a turn: by a notification, and by a look every quarter of a second, because
 * through a pooler LISTEN is accepted and nothing is delivered.
 */
export class Follower {
  readonly #parts: FollowerParts;
  readonly #listeners = new Set<() => void>();
  #position: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #closed = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#schedule();
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Something may have been committed. */
  wake(): void {
    for (const listener of this.#listeners) listener();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#closed || this.#looking || this.#timer !== undefined || this.#listeners.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#look();
    }, this.#parts.pollMs).unref();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    const { link, schema } = this.#parts;
    try {
      const { rows } = await link.query(`select max(position)::text from ${schema}.changes`, [], 5_000);
      const position = rows[0]?.[0] ?? '';
      if (this.#position !== position) this.wake();
      this.#position = position;
    } catch {
      // The session finds out why. Who follows looks again when the database is back.
      this.#position = undefined;
    } finally {
      this.#looking = false;
      this.#schedule();
    }
  }
}
