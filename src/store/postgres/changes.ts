import { assertLimit } from '../store.ts';
import type { Changes, Cursor } from '../store.ts';
import type { Reads } from './reads.ts';
import { stampOf, stampSql } from './stamp.ts';

/** The keys that changed, by position. A cursor also names its timeline: after a failover everything is loaded again. */
export class ChangeFeed {
  readonly #reads: Reads;
  readonly #sql: string;

  constructor(reads: Reads, schema: string) {
    this.#reads = reads;
    this.#sql = `
      select ${stampSql}, coalesce((select max(position) from ${schema}.changes), forgotten)::text, forgotten::text,
        (select json_agg(key order by position)::text from (
          select key, position from ${schema}.changes where position > $1::bigint order by position limit $2::integer
        ) found), :tag
      from ${schema}.store`;
  }

  async read(since: Cursor | undefined, limit: number, judging: boolean): Promise<Changes> {
    assertLimit(limit);
    const position = /^[0-9]{1,10}\.([0-9]{1,15})$/.exec(since ?? '')?.[1] ?? null;
    const values = [position, String(Math.min(limit, 2_147_483_647))];
    const { rows } = await this.#reads.ask(this.#sql, values, judging);
    const [, , head, forgotten, found] = rows[0] ?? [];
    const { timeline } = stampOf(rows[0]);
    const cursorAt = (place: number) => `${timeline}.${place}`;
    if (since === undefined) return { expired: false, keys: [], cursor: cursorAt(Number(head)), more: false };
    const at = Number(position);
    const isKnown = since === cursorAt(at) && at >= Number(forgotten) && at <= Number(head);
    if (!isKnown) return { expired: true, cursor: cursorAt(Number(head)) };
    const listed: unknown = JSON.parse(found ?? '[]');
    const keys = Array.isArray(listed) ? listed.map(String) : [];
    const reached = at + keys.length;
    return { expired: false, keys, cursor: cursorAt(reached), more: reached < Number(head) };
  }
}
