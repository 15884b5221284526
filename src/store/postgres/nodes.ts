import type { NodeRegistry, NodeRow, Nodes } from '../node-store.ts';
import { Unavailable } from '../store.ts';
import { LinkLost, ServerSaid } from './connection.ts';
import type { Answer, Row } from './connection.ts';
import type { Link } from './link.ts';
import type { Reads } from './reads.ts';
import type { Session } from './session.ts';
import { stampSql } from './stamp.ts';

interface NodesParts {
  readonly reads: Reads;
  readonly link: Link;
  readonly session: Session;
  readonly schema: string;
}

export function nodesSql(schema: string): string {
  return `
    select ${stampSql}, (extract(epoch from clock_timestamp()) * 1000)::text, (select json_agg(json_build_object(
      'id', id, 'name', name, 'startedMs', extract(epoch from started) * 1000, 'seenMs', extract(epoch from seen) * 1000,
      'details', details) order by id)::text
      from ${schema}.nodes), :tag`;
}

/** The nodes in the row of `nodesSql`. */
export function nodesIn(row: Row | undefined): Nodes {
  const [, , nowMs, found] = row ?? [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the statement builds it
  const nodes = JSON.parse(found ?? '[]') as NodeRow[];
  const timed = nodes.map((one) => ({ ...one, startedMs: dateOf(one.startedMs), seenMs: dateOf(one.seenMs) }));
  return { nowMs: Number(nowMs), nodes: timed };
}

/** The registry of the nodes of a database. A node's heartbeat is the update of its row. */
export class PostgresNodes implements NodeRegistry {
  readonly #parts: NodesParts;

  constructor(parts: NodesParts) {
    this.#parts = parts;
  }

  /** All of them in the order of their ids, and the database's time of the answer. */
  async list(): Promise<Nodes> {
    const { rows } = await this.#parts.reads.ask(nodesSql(this.#parts.schema), [], false);
    return nodesIn(rows[0]);
  }

  /** Replaces what the others are told about this node; committed when it resolves. */
  describe(details: object): Promise<void> {
    return this.#parts.session.describe(details);
  }

  /** Removes this node's row; committed when it resolves. Until the close everything is answered as before. */
  leave(): Promise<void> {
    return this.#parts.session.leave();
  }

  /**
   * Removes the row of a node that was not heard of for so long; its process, should it wake up, is refused everything. Its
   * session stays, ended, so that it is known as removed also after a failover.
   * @throws {Unavailable} when it is not known whether that was done
   */
  async remove(id: string, unseenMs: number): Promise<boolean> {
    const { schema } = this.#parts;
    const text = `
      with gone as (
        delete from ${schema}.nodes
        where id = $1 and seen <= clock_timestamp() - $2::float8 * interval '1 millisecond' returning id
      ), ended as (update ${schema}.sessions set session = '' where node in (select id from gone))
      select id from gone`;
    const { rows } = await this.#commit(text, [id, String(unseenMs)]);
    return rows.length > 0;
  }

  async #commit(text: string, values: readonly string[]): Promise<Answer> {
    try {
      return await this.#parts.link.commit(text, values, 5_000);
    } catch (error) {
      if (!(error instanceof LinkLost) && !(error instanceof ServerSaid)) throw error;
      const message = `It is not known whether the node was removed: ${error.message}`;
      throw new Unavailable(message, { cause: error, mayHaveHappened: true });
    }
  }
}

/** A row may say `infinity`, or a year that no date of JavaScript can have: such a node was not heard of. */
function dateOf(ms: unknown): number {
  return typeof ms === 'number' && Math.abs(ms) <= 8.64e15 ? ms : 0;
}
