import type { Connection } from './edge.ts';

/** How many requests of a connection may be under way before no more are read from it, and when they are again. */
const limits = { most: 32, again: 8 };

/**
 * Keeps a client that sends requests without waiting for their answers from filling the memory with them. It keeps
 * connections and numbers, never a request (src/http/drain.ts).
 */
export class Flow {
  readonly #underWay = new Map<Connection, number>();
  readonly #paused = new Set<Connection>();

  begin(connection: Connection): void {
    const count = (this.#underWay.get(connection) ?? 0) + 1;
    this.#underWay.set(connection, count);
    if (count <= limits.most || this.#paused.has(connection)) return;
    this.#paused.add(connection);
    connection.pause();
    // At the end of each message Node resumes the socket by itself, so that a pause alone lasts no longer than that.
    connection.resume = () => connection;
  }

  end(connection: Connection): void {
    const count = (this.#underWay.get(connection) ?? 0) - 1;
    if (count > 0) this.#underWay.set(connection, count);
    else this.#underWay.delete(connection);
    if (count > limits.again || !this.#paused.delete(connection)) return;
    // Its class has the real one.
    Reflect.deleteProperty(connection, 'resume');
    connection.resume();
  }
}
