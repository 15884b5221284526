/** The part of a socket that holds use. Node calls `pause` and `resume` too. */
export interface Pausable {
  isPaused(): boolean;
  pause: () => unknown;
  resume: () => unknown;
}

interface Hold {
  /** How many hold the connection. */
  count: number;
  /** Whether the connection would be paused without them. */
  isPausedByNode: boolean;
}

const holds = new WeakMap<Pausable, Hold>();

/**
 * Pauses a connection until it is released as often as it was held. Node resumes a socket by itself at the end of each
 * message, and pauses one whose answers back up: meanwhile both are only noted.
 */
export function hold(connection: Pausable): void {
  const known = holds.get(connection);
  if (known !== undefined) {
    known.count += 1;
    return;
  }
  const held = { count: 1, isPausedByNode: connection.isPaused() };
  holds.set(connection, held);
  connection.pause();
  connection.pause = () => {
    held.isPausedByNode = true;
    return connection;
  };
  connection.resume = () => {
    held.isPausedByNode = false;
    return connection;
  };
}

/** A connection that Node paused stays paused: if it were resumed, an assertion of Node's would end the process. */
export function release(connection: Pausable): void {
  const held = holds.get(connection);
  if (held === undefined) return;
  held.count -= 1;
  if (held.count > 0) return;
  holds.delete(connection);
  // The class has the real methods.
  Reflect.deleteProperty(connection, 'pause');
  Reflect.deleteProperty(connection, 'resume');
  if (!held.isPausedByNode) connection.resume();
}
