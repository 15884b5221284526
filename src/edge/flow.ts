import type { Connection } from './edge.ts';

/** With more than `most` requests under way, a connection is not read from until only `again` are left. */
const limits = { most: 32, again: 8 };

/**
 * Keeps a client that sends requests without waiting for their answers from filling the memory with them. It keeps
 * connections and numbers, never a request (src/http/http-server.ts, `Drain`).
 */
export class Flow {
  // Weak, and entries are never deleted: a Map whose entry is added again for each request would be rebuilt often.
  readonly #states = new WeakMap<Connection, FlowState>();

  begin(connection: Connection): void {
    let state = this.#states.get(connection);
    if (state === undefined) this.#states.set(connection, (state = { underWay: 0, hold: undefined }));
    state.underWay += 1;
    if (state.underWay <= limits.most || state.hold !== undefined) return;
    state.hold = hold(connection);
  }

  end(connection: Connection): void {
    const state = this.#states.get(connection);
    if (state === undefined) return;
    state.underWay -= 1;
    if (state.underWay > limits.again || state.hold === undefined) return;
    release(connection, state.hold);
    state.hold = undefined;
  }
}

interface FlowState {
  underWay: number;
  /** Present while nothing is read from the connection. */
  hold: Hold | undefined;
}

interface Hold {
  /** Whether the connection would be paused without us. */
  isPausedByNode: boolean;
}

/**
 * Pauses a connection until `release`. Node resumes a socket by itself at the end of each message, and pauses one whose
 * answers back up: meanwhile both are only noted.
 */
function hold(connection: Connection): Hold {
  const held = { isPausedByNode: connection.isPaused() };
  connection.pause();
  connection.pause = () => {
    held.isPausedByNode = true;
    return connection;
  };
  connection.resume = () => {
    held.isPausedByNode = false;
    return connection;
  };
  return held;
}

/** A connection that Node paused stays paused: if it were resumed, an assertion of Node's would end the process. */
function release(connection: Connection, { isPausedByNode }: Hold): void {
  // The class has the real methods.
  Reflect.deleteProperty(connection, 'pause');
  Reflect.deleteProperty(connection, 'resume');
  if (!isPausedByNode) connection.resume();
}
