import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { staged } from '../audit/staged.ts';
import { guid } from '../settings/values.ts';
import { parsed } from '../shape/parsed.ts';
import { object } from '../shape/shape.ts';
import { livingMs } from '../store/node-store.ts';
import type { NodeRegistry, Nodes, NodeStore } from '../store/node-store.ts';
import { Unavailable } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { replaceFile } from './files.ts';
import { forgetOrder, takeOrder } from './node-orders.ts';
import { refusalToEnter } from './node-details.ts';
import type { NodeDetails } from './node-details.ts';

const lookEveryMs = 2_000;

export const identityFile = 'node.json';
const identity = object({ id: guid });

/**
 * The id of the node with this data folder; the first start makes it. It names the audit log that records of changes go into, so it
 * stays with the folder that has this log.
 */
export function nodeId(entry: string): string {
  const file = join(entry, identityFile);
  if (existsSync(file)) {
    const read = identity(parsed(readFileSync(file, 'utf8')));
    if (read.ok) return read.value.id;
    throw new Error(
      `${identityFile} in the data folder does not have the id of a node: restore it; or remove it, which makes the folder another node's.`,
    );
  }
  const id = randomUUID();
  replaceFile(file, `${JSON.stringify({ id })}\n`, 0o600);
  return id;
}

export interface NodeParts {
  readonly id: string;
  readonly name: string;
  readonly shared: Pick<NodeStore, 'nodes' | 'clock' | 'list'>;
  readonly details: NodeDetails;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** This process among the nodes of its store. */
export class OwnNode {
  readonly #parts: NodeParts;
  readonly #registry: NodeRegistry;
  #details: NodeDetails;
  #described: string;
  #timer: NodeJS.Timeout | undefined;
  #left = false;

  private constructor(parts: NodeParts) {
    this.#parts = parts;
    this.#registry = parts.shared.nodes;
    this.#details = parts.details;
    this.#described = JSON.stringify(parts.details);
  }

  /**
   * Stays among the nodes of the store, unless one of them keeps it out.
   * @throws {StoreRefused} `nodeKnown` or `nodesDiffer`
   */
  static async enter(parts: NodeParts): Promise<OwnNode> {
    const refused = refusalToEnter(parts, await parts.shared.nodes.list());
    if (refused !== undefined) throw refused;
    return new OwnNode(parts);
  }

  get id(): string {
    return this.#parts.id;
  }

  get name(): string {
    return this.#parts.name;
  }

  /** Its clock minus that of the database, as it was last looked at. */
  get clockAheadMs(): number | undefined {
    return this.#details.clockAheadMs;
  }

  /** The database's clock, as far as it is known; milliseconds since 1970. */
  clockMs(): number {
    return this.#parts.now() - (this.#details.clockAheadMs ?? 0);
  }

  /** Removes the row of another node, if it is dead; false: it is alive, or has none. */
  remove(id: string): Promise<boolean> {
    return this.#registry.remove(id, livingMs);
  }

  list(): Promise<Nodes> {
    return this.#registry.list();
  }

  /**
   * Says in its row that it serves, and looks at the database's clock from now on, and for what it is asked.
   * @param asked the node that has asked it to leave
   */
  begin(store: Pick<Store, 'read' | 'transact'>, asked: (by: string) => void): void {
    const look = async () => {
      try {
        if (this.#left) return;
        if (this.#details.state === 'starting') {
          await forgetOrder(store, this.id);
          await this.say({ state: 'serving' });
        }
        await this.#look();
        const by = await takeOrder(store, this.id);
        if (by !== undefined) asked(by);
      } catch {
        // A database that does not answer is the store's to report. It is asked again.
        return;
      }
    };
    this.#timer = setInterval(() => void look(), lookEveryMs).unref();
    void look();
  }

  /** Changes what its row says. */
  async say(change: Partial<NodeDetails>): Promise<void> {
    this.#details = { ...this.#details, ...change };
    const described = JSON.stringify(this.#details);
    if (described === this.#described || this.#left) return;
    await this.#registry.describe(this.#details);
    this.#described = described;
  }

  /**
   * Removes its row, unless records of changes wait for its log: these are its own until another node adopts them. Where the
   * database cannot be asked, the row stays, and counts as dead soon.
   */
  async close(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    clearInterval(this.#timer);
    try {
      const waiting = await this.#parts.shared.list({ prefix: staged.prefix(this.id, ''), limit: 1 });
      if (waiting.length === 0) await this.#registry.leave();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
  }

  async #look(): Promise<void> {
    const { shared, now } = this.#parts;
    const beforeMs = now();
    const databaseMs = await shared.clock();
    const ahead = Math.round((beforeMs + now()) / 2 - databaseMs);
    // Differences that a query takes would be written again and again.
    const known = this.#details.clockAheadMs;
    if (known === undefined || Math.abs(known - ahead) >= 50) await this.say({ clockAheadMs: ahead });
  }
}
