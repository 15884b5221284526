import type { Connection } from './edge.ts';

/** How many requests of a connection may be under way before no more are read from it, and when they are again. */
const limits = { most: 32, again: 8 };

/**
 * Keeps a client that sends requests without waiting for their answers from filling the memory with them. It keeps
 * connections and numbers, never a request (src/http/drain.ts).
 */
export class Flow {
  // Weak, and never deleted from: to add a connection again for each of its requests would wear a Map out.
  readonly #states = new WeakMap<Connection, FlowState>();

  begin(connection: Connection): void {
    let state = this.#states.get(connection);
    if (state === undefined) this.#states.set(connection, (state = { underWay: 0, paused: false }));
    state.underWay += 1;
    if (state.underWay <= limits.most || state.paused) return;
    state.paused = true;
    connection.pause();
    // At the end of each message Node resumes the socket by itself, so that a pause alone lasts no longer than that.
    connection.resume = () => connection;
  }

  end(connection: Connection): void {
    const state = this.#states.get(connection);
    if (state === undefined) return;
    state.underWay -= 1;
    if (state.underWay > limits.again || !state.paused) return;
    state.paused = false;
    // Its class has the real one.
    Reflect.deleteProperty(connection, 'resume');
    connection.resume();
  }
}

interface FlowState {
  underWay: number;
  paused: boolean;
}
