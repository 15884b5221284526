import type { Row } from './connection.ts';
import { readStamp } from './stamp.ts';
import type { Stamp } from './stamp.ts';

const verdicts = ['alive', 'superseded', 'removed', 'unknown'] as const;
type Verdict = (typeof verdicts)[number];

/** `joins` takes the node's row; `leaves` removes it, and the session goes on until it ends. */
export type PulseKind = 'joins' | 'stays' | 'leaves';

/** Why a process never answers again. */
export const ends = {
  superseded:
    'another process has this node now: give each server a data folder and a node of its own, and restart this one',
  copied:
    'the database has changes of this process that it has not made: a copy of its machine runs, or it was put back to an ' +
    'earlier state: restart it',
  removed: 'this node was removed by an operator: restart the server to let it join again',
} as const;

/** The findings of a heartbeat. */
export interface Pulse {
  /**
   * `superseded`: another process has taken the row of this node. `removed`: an operator has taken it out. `unknown`: the
   * database does not know the node, as one that has lost changes.
   */
  readonly verdict: Verdict;
  readonly stamp: Stamp;
  /** For how long the server has been the primary, by its own clock. */
  readonly ageMs: number;
  readonly storeId: string;
  readonly clockMs: number;
  /** How far the database has come: the last position of all, and the number of this session's last batch. */
  readonly position: number;
  readonly number: number;
}

/** Values: node, session, name, details, `PulseKind`. */
export function pulseSql(schema: string): string {
  return (
    `select verdict, timeline, life, age_ms::text, store_id, clock_ms::text, reached::text, number::text, :tag ` +
    `from ${schema}.pulse($1, $2, $3, $4::jsonb, $5, 2000)`
  );
}

export function readPulse(row: Row | undefined): Pulse {
  const [verdict, timeline, life, age, storeId, clockMs, position, number] = row ?? [];
  return {
    verdict: verdicts.find((one) => one === verdict) ?? 'removed',
    stamp: readStamp(timeline, life),
    ageMs: Number(age ?? 0),
    storeId: storeId ?? '',
    clockMs: Number(clockMs ?? 0),
    position: Number(position ?? 0),
    number: Number(number ?? 0),
  };
}
