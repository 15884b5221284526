import type { Row } from './connection.ts';

/** Which life of which server answered. */
export interface Stamp {
  /** Of its write-ahead log: a promoted standby has a higher one. Undefined: it is a standby. */
  readonly timeline: number | undefined;
  /** When the server was started. A service that fails over by its storage starts another server on the same timeline. */
  readonly life: string;
}

/** The first two columns of each statement; no right is needed for them. */
export const stampSql =
  `case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_lsn()), 8) end, ` +
  `extract(epoch from pg_postmaster_start_time())::text`;

export function readStamp(timeline: string | null | undefined, life: string | null | undefined): Stamp {
  return {
    timeline: timeline === null || timeline === undefined ? undefined : Number.parseInt(timeline, 16),
    life: life ?? '',
  };
}

export function stampOf(row: Row | undefined): Stamp {
  return readStamp(row?.[0], row?.[1]);
}
