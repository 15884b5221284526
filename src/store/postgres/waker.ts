import { Condition } from './condition.ts';
import type { Link } from './link.ts';

interface WakerParts {
  readonly link: Link;
  /** Makes the link that notifications come on. */
  readonly listening: (notified: (payload: string) => void) => Link;
  readonly schema: string;
}

/** How often the last position is looked at where notifications are not delivered, and where they are. */
const lookEveryMs = 250;
const lookAlsoEveryMs = 1_000;
const listenAgainMs = 2_000;

/**
 * Wakes those that follow the changes or wait for a turn: by a notification, and by a look at the last position. A pooler
 * accepts LISTEN and delivers nothing, so it is not said there; it gives itself away by another process id than the
 * server's.
 */
export class Waker {
  readonly #parts: WakerParts;
  readonly #listening: Link;
  readonly #listeners = new Set<() => void>();
  readonly #turning = new Condition();
  /** The number of the connection that listens. */
  #listensOn = -1;
  #position: string | undefined;
  readonly #timers: { look?: NodeJS.Timeout; listen?: NodeJS.Timeout } = {};
  #closed = false;

  constructor(parts: WakerParts) {
    this.#parts = parts;
    this.#listening = parts.listening((payload) => this.#notified(payload));
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#timers.look === undefined && !this.#closed) {
      void this.#listen();
      this.#lookLater();
    }
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Resolves when a turn may have come, or after the milliseconds. */
  turned(mostMs: number): Promise<void> {
    return this.#turning.wait(mostMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timers.look);
    clearTimeout(this.#timers.listen);
    this.#listening.close();
  }

  get #isHeard(): boolean {
    return this.#listening.isConnected && this.#listensOn === this.#listening.connections;
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }

  #notified(payload: string): void {
    if (payload === 'changes') this.#wake();
    if (payload === 'turn') this.turn();
  }

  /** Wakes those that wait in `turned`. */
  turn(): void {
    this.#turning.notifyAll();
  }

  /** Listens on each connection once, and asks it now and then, because a lost one is silent too. */
  async #listen(): Promise<void> {
    try {
      const { rows, processId } = await this.#listening.query('select pg_backend_pid()::text', [], 5_000);
      if (rows[0]?.[0] !== String(processId)) {
        this.#listening.close();
        return;
      }
      if (!this.#isHeard) {
        await this.#listening.query(`listen ${this.#parts.schema}`, [], 5_000);
        this.#listensOn = this.#listening.connections;
        this.#wake();
      }
    } catch {
      // The look goes on, and the session finds out why.
    }
    if (!this.#closed) this.#timers.listen = setTimeout(() => void this.#listen(), listenAgainMs).unref();
  }

  #lookLater(): void {
    if (this.#closed) return;
    const waitMs = this.#isHeard ? lookAlsoEveryMs : lookEveryMs;
    this.#timers.look = setTimeout(() => void this.#look(), waitMs).unref();
  }

  async #look(): Promise<void> {
    const { link, schema } = this.#parts;
    try {
      const { rows } = await link.query(`select max(position)::text from ${schema}.changes`, [], 5_000);
      const position = rows[0]?.[0] ?? '';
      if (this.#position !== position) this.#wake();
      this.#position = position;
    } catch {
      // When the database is back, something may have been committed meanwhile.
      this.#position = undefined;
    }
    this.#lookLater();
  }
}
