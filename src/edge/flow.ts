import { hold, release } from '../http/hold.ts';
import type { Connection } from './edge.ts';

/** With more than `most` requests under way, a connection is not read from until only `again` are left. */
const limits = { most: 32, again: 8 };

interface FlowState {
  underWay: number;
  /** Whether nothing is read from the connection. */
  isHeld: boolean;
}

/**
 * Keeps a client that sends requests without waiting for their answers from filling the memory with them. It keeps
 * connections and numbers, never a request (src/http/http-server.ts, `Drain`).
 */
export class Flow {
  // Weak, and entries are never deleted: a Map whose entry is added again for each request would be rebuilt often.
  readonly #states = new WeakMap<Connection, FlowState>();

  begin(connection: Connection): void {
    let state = this.#states.get(connection);
    if (state === undefined) this.#states.set(connection, (state = { underWay: 0, isHeld: false }));
    state.underWay += 1;
    if (state.underWay <= limits.most || state.isHeld) return;
    state.isHeld = true;
    hold(connection);
  }

  end(connection: Connection): void {
    const state = this.#states.get(connection);
    if (state === undefined) return;
    state.underWay -= 1;
    if (state.underWay > limits.again || !state.isHeld) return;
    state.isHeld = false;
    release(connection);
  }
}
