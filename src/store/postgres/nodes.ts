import type { NodeRegistry, NodeRow, Nodes } from '../node-store.ts';
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

/** The registry of the nodes of a database. A node's heartbeat is the update of its row. */
export class PostgresNodes implements NodeRegistry {
  readonly #parts: NodesParts;

  constructor(parts: NodesParts) {
    this.#parts = parts;
  }

  /** All of them in the order of their ids, and the database's time of the answer. */
  async list(): Promise<Nodes> {
    const text = `
      select ${stampSql}, (extract(epoch from clock_timestamp()) * 1000)::text, (select json_agg(json_build_object(
        'id', id, 'name', name, 'startedMs', extract(epoch from started) * 1000, 'seenMs', extract(epoch from seen) * 1000,
        'details', details) order by id)::text
        from ${this.#parts.schema}.nodes), :tag`;
    const { rows } = await this.#parts.reads.ask(text, [], false);
    const [, , nowMs, found] = rows[0] ?? [];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the statement above builds it
    const nodes = JSON.parse(found ?? '[]') as NodeRow[];
    return { nowMs: Number(nowMs), nodes };
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
   * Removes the row of a node, whose process is refused everything from then on; false when there is none. Who calls it
   * has seen that the node is dead, and has taken over what it left.
   */
  async remove(id: string): Promise<boolean> {
    const { link, schema } = this.#parts;
    const text = `
      with gone as (delete from ${schema}.nodes where id = $1 returning id),
        ended as (delete from ${schema}.sessions where node = $1)
      select id from gone`;
    const { rows } = await link.commit(text, [id], 5_000);
    return rows.length > 0;
  }
}
