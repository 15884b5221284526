import { randomUUID } from 'node:crypto';
import { assertKey, Unavailable } from '../store.ts';
import type { Turn } from '../store.ts';
import type { Follower } from './follower.ts';
import type { Link } from './link.ts';
import { LinkLost, ServerSaid } from './link.ts';
import type { Session } from './session.ts';

interface TurnsParts {
  readonly link: Link;
  readonly session: Session;
  readonly schema: string;
  readonly follower: Follower;
}

/** How often who waits for its turn asks, and how long at most. */
const askEveryMs = 25;
const mostMs = 30_000;

/** The turns of hot records: the order is in the database, and who waits asks for it. */
export class Turns {
  readonly #parts: TurnsParts;

  constructor(parts: TurnsParts) {
    this.#parts = parts;
  }

  /** @throws {Unavailable} when the turn did not come for half a minute, or the database does not answer */
  async turnOf(key: string): Promise<Turn> {
    assertKey(key);
    const { link, session, schema } = this.#parts;
    const id = randomUUID();
    const until = performance.now() + mostMs;
    while (performance.now() < until) {
      await session.ready(false);
      try {
        const { rows } = await link.query(`select ${schema}.take_turn($1, $2, 2000)::text`, [key, id], 5_000);
        if (rows[0]?.[0] === 'true') return { id, leave: () => void this.#leave(key, id) };
        await new Promise((resolve) => setTimeout(resolve, askEveryMs));
      } catch (error) {
        if (!(error instanceof LinkLost) && !(error instanceof ServerSaid)) throw error;
        await session.beat();
      }
    }
    throw new Unavailable(`The turn of a change of ${key} did not come within ${mostMs / 1000} seconds`);
  }

  /** A turn that cannot be left ends by itself. */
  async #leave(key: string, id: string): Promise<void> {
    const { link, schema } = this.#parts;
    await link.query(`select ${schema}.leave_turn($1, $2, 2000)::text`, [key, id], 5_000).catch(() => {});
  }
}
