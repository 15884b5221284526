import type { Store } from './store.ts';

/** A node that the database has not heard of for so long counts as dead. */
export const livingMs = 10_000;

/** The name that `postern store copy` has among the nodes of a store while it is at work. */
export const copyNode = 'store-copy';

/** A store that several servers, its nodes, have in common. */
export interface NodeStore extends Store {
  readonly nodes: NodeRegistry;

  /** The database's clock, in milliseconds since 1970. */
  clock(): Promise<number>;

  /**
   * Calls the listener when another node may have committed; the truth is in `changes`.
   * @returns what ends that
   */
  committed(listener: () => void): () => void;

  state(): DatabaseState;

  /**
   * Takes the database as it is, where it has lost what it had acknowledged to this process.
   * @throws {Unavailable} when it was not answered for within the patience of a call
   */
  accept(): Promise<void>;
}

/** A node's way to the database, as far as it is known without a question. */
export interface DatabaseState {
  /** Whether reads and transactions are answered. */
  readonly reachable: boolean;
  /** A sentence, if they are not. */
  readonly why?: string | undefined;
  /** Whether a database is there, and is refused because it has lost changes: `accept` takes it. */
  readonly isRefusedForLoss?: boolean | undefined;
  /** How long ago the last acknowledged heartbeat began; `undefined`: none was. */
  readonly heartbeatAgeMs?: number | undefined;
  /** The timeline of the database that acknowledged it. */
  readonly timeline?: string | undefined;
}

/** The nodes of a store, each with a row that its heartbeat keeps fresh. Opening the store makes the row. */
export interface NodeRegistry {
  /** Replaces what this node says of itself. */
  describe(details: object): Promise<void>;
  /** All nodes, and the time, in one statement. Times are of the database's clock. */
  list(): Promise<Nodes>;
  /** Ends the heartbeat, and removes this node's row. */
  leave(): Promise<void>;
  /** Removes the row of another node that was not heard of for so many milliseconds; false: there is none. */
  remove(id: string, unseenMs: number): Promise<boolean>;
}

/**
 * A node that opens the store. An earlier process with the same id, if one still runs, is answered no more.
 */
export interface NodeIdentity {
  readonly id: string;
  readonly name: string;
  readonly details: object;
}

export interface Nodes {
  readonly nowMs: number;
  readonly nodes: readonly NodeRow[];
}

export interface NodeRow {
  readonly id: string;
  readonly name: string;
  readonly startedMs: number;
  readonly seenMs: number;
  /** As the node gave it. Another release may have written it: read it by a shape. */
  readonly details: unknown;
}

export function isLiving({ seenMs }: Pick<NodeRow, 'seenMs'>, nowMs: number): boolean {
  return nowMs - seenMs < livingMs;
}
