import { randomUUID } from 'node:crypto';
import { assertKey, Unavailable } from '../store.ts';
import type { Turn } from '../store.ts';
import { arrayOf } from './arrays.ts';
import type { Link } from './link.ts';
import type { Session } from './session.ts';
import type { Waker } from './waker.ts';

interface TurnsParts {
  readonly link: Link;
  readonly session: Session;
  readonly schema: string;
  readonly waker: Waker;
}

interface Waiting {
  readonly key: string;
  readonly id: string;
  readonly untilMs: number;
  readonly done: PromiseWithResolvers<Turn>;
}

/** How often a node looks for a turn that has come, how often it asks again, and for how long. */
const lookEveryMs = 25;
const askEveryMs = 500;
const mostMs = 30_000;

/**
 * The turns of hot records: the order is in the database. All that wait in this node are asked for together: under the lock
 * of the writers when one is new, and now and then, so that they are not dropped and the ends of others are seen; otherwise
 * by a look.
 */
export class Turns {
  readonly #parts: TurnsParts;
  readonly #waiting = new Map<string, Waiting>();
  #running = false;
  #hasNew = false;

  constructor(parts: TurnsParts) {
    this.#parts = parts;
  }

  /** @throws {Unavailable} when the turn did not come for half a minute, or the database does not answer */
  async turnOf(key: string): Promise<Turn> {
    assertKey(key);
    const { waker, session } = this.#parts;
    await session.ready(false);
    const done = Promise.withResolvers<Turn>();
    const id = randomUUID();
    this.#waiting.set(id, { key, id, done, untilMs: performance.now() + mostMs });
    this.#hasNew = true;
    waker.turn();
    if (!this.#running) void this.#run();
    return done.promise;
  }

  async #run(): Promise<void> {
    const { waker, session } = this.#parts;
    this.#running = true;
    let askedMs = -Infinity;
    while (this.#waiting.size > 0) {
      const asks = this.#hasNew || performance.now() - askedMs > askEveryMs;
      if (asks) askedMs = performance.now();
      this.#hasNew = false;
      try {
        this.#grant(await this.#heads(asks));
        if (!this.#hasNew) await waker.turned(lookEveryMs);
      } catch {
        // The session finds out why.
        await session.beat();
        await session.ready(false).catch((error: unknown) => this.#giveUp(error));
      }
      this.#expire();
    }
    this.#running = false;
  }

  async #heads(asks: boolean): Promise<readonly string[]> {
    const { link, schema } = this.#parts;
    const waiting = [...this.#waiting.values()];
    const ids = arrayOf(waiting.map(({ id }) => id));
    const keys = arrayOf(waiting.map(({ key }) => key));
    const look = `select to_json(array(select id from ${schema}.turns where id = any($1::text[]) and head is not null))::text, :tag`;
    const ask = `select to_json(${schema}.ask_turns($1::text[], $2::text[], 2000))::text, :tag`;
    const { rows } = asks ? await link.commit(ask, [keys, ids], 5_000) : await link.query(look, [ids], 5_000);
    const heads: unknown = JSON.parse(rows[0]?.[0] ?? '[]');
    return Array.isArray(heads) ? heads.map(String) : [];
  }

  #grant(heads: readonly string[]): void {
    for (const id of heads) {
      const waiting = this.#waiting.get(id);
      if (waiting === undefined) continue;
      this.#waiting.delete(id);
      waiting.done.resolve({ id, leave: () => void this.#leave(waiting) });
    }
  }

  #expire(): void {
    for (const waiting of this.#waiting.values()) {
      if (performance.now() < waiting.untilMs) continue;
      this.#waiting.delete(waiting.id);
      void this.#leave(waiting);
      const seconds = mostMs / 1_000;
      waiting.done.reject(
        new Unavailable(`The turn of a change of ${waiting.key} did not come within ${seconds} seconds`),
      );
    }
  }

  #giveUp(error: unknown): void {
    for (const { done } of this.#waiting.values()) done.reject(error);
    this.#waiting.clear();
  }

  /** A turn that cannot be left ends by itself. */
  async #leave({ key, id }: Waiting): Promise<void> {
    const { link, schema } = this.#parts;
    await link.commit(`select ${schema}.leave_turn($1, $2, 2000)::text`, [key, id], 5_000).catch(() => {});
  }
}
