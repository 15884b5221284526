import { Conflict, resultOf } from '../store.ts';
import type { List, Read, ReadResult, StoredRecord } from '../store.ts';
import { arrayOf } from './arrays.ts';
import type { Row } from './connection.ts';
import { stampOf, stampSql } from './stamp.ts';
import type { Stamp } from './stamp.ts';

/**
 * One statement, and so one snapshot: the stamp, the wanted records, the versions of the required ones, and the ranges.
 * A SELECT and no function: a volatile function takes a snapshot for each of its statements. Values come in base64, which
 * no setting of the session changes.
 */
export function readSql(schema: string): string {
  return `
select '0', ${stampSql}, :tag
union all select '1', key, version, encode(value, 'base64') from ${schema}.records where key = any($1::text[])
union all select '2', key, version, null from ${schema}.records where key = any($2::text[])
union all select page.* from unnest($3::text[], $4::text[], $5::integer[], $6::bigint[]) with ordinality
  range(low, high, most, bytes, place)
  cross join lateral (
    select (range.place + 2)::text, key, version, encode(value, 'base64') from (
      select key, version, value,
        sum(octet_length(value)) over (order by key rows between unbounded preceding and 1 preceding) as before
      from (
        select key, version, value from ${schema}.records
        where key >= range.low and key < range.high order by key limit range.most
      ) found
    ) counted where coalesce(before, 0) < range.bytes order by key
  ) page`;
}

type Request = Read | List;

/** The values of `readSql` for many requests. A record that several want is read once. */
export function readValues(requests: readonly Request[]): readonly string[] {
  const wanted = new Set<string>();
  const required = new Set<string>();
  const [lows, highs, limits, bytes]: [string[], string[], number[], string[]] = [[], [], [], []];
  for (const request of requests) {
    for (const { key } of request.require ?? []) required.add(key);
    if ('get' in request) for (const key of request.get) wanted.add(key);
    else {
      lows.push(lowOf(request));
      // Above every key that starts with the prefix, whose characters all come before it.
      highs.push(`${request.prefix}\x7f`);
      limits.push(Math.min(request.limit, 2_147_483_647));
      bytes.push(String(Math.min(request.bytes ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)));
    }
  }
  for (const key of wanted) required.delete(key);
  return [[...wanted], [...required], lows, highs, limits, bytes].map((values) => arrayOf(values));
}

/** `!` is the first character of a key, so that this is the first key after it. */
function lowOf({ prefix, after }: List): string {
  return after === undefined || after < prefix ? prefix : `${after}!`;
}

function bytesOf(base64: string): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.from(base64, 'base64');
  return new Uint8Array(buffer, byteOffset, length);
}

export interface ReadAnswer {
  readonly stamp: Stamp;
  readonly results: readonly ReadResult[];
}

/** Each request's records or failure, from the rows of the statement. */
export function readAnswer(requests: readonly Request[], rows: readonly Row[]): ReadAnswer {
  const records = new Map<string, StoredRecord>();
  const versions = new Map<string, string>();
  const pages: StoredRecord[][] = [];
  let stamp: Stamp = stampOf(undefined);
  for (const [part, key, version, value] of rows) {
    if (part === '0') stamp = stampOf([key ?? null, version ?? null]);
    else if (typeof key === 'string' && typeof version === 'string') {
      if (part === '2') versions.set(key, version);
      else {
        const record = { key, version, value: bytesOf(value ?? '') };
        if (part === '1') records.set(key, record);
        else (pages[Number(part) - 3] ??= []).push(record);
      }
    }
  }
  const versionOf = (key: string): string | null => records.get(key)?.version ?? versions.get(key) ?? null;
  let page = 0;
  const results = requests.map((request) => {
    // A join has no order of its own.
    const listed =
      'get' in request ? [] : (pages[page++] ?? []).toSorted((one, other) => (one.key < other.key ? -1 : 1));
    return resultOf(() => {
      const differs = request.require?.find(({ key, version }) => versionOf(key) !== version);
      if (differs !== undefined) throw new Conflict(differs.key);
      return 'get' in request ? request.get.map((key) => records.get(key)) : listed;
    });
  });
  return { stamp, results };
}
