import { encodePath, readSkipToken, skipToken } from '../http/request.ts';
import { keyLengthMax } from '../resources/keys.ts';
import type { Prefix } from '../store/keys.ts';
import { listRecords, openListed } from '../store/records.ts';
import type { Stored } from '../store/records.ts';
import type { Store, StoredRecord } from '../store/store.ts';
import { listScope, scopeKey } from './access.ts';
import { answer, badRequest } from './operation.ts';
import type { ControlCall, ControlOutcome } from './operation.ts';
import { setImmediate } from 'node:timers/promises';

/** The most items of a page of an ARM list, and the default. */
const pageSize = 1000;

/**
 * A page ends with the record that reaches this size: a thousand large ones would block other requests or fill the
 * memory.
 */
const pageBytes = 2_097_152;

/**
 * The most items of a page, from `$top`.
 * @throws {Refused} for anything but a whole number from 1 to the page size
 */
export function pageLimit(top: string | undefined): number {
  const limit = top === undefined ? pageSize : Number(top);
  if (Number.isInteger(limit) && limit >= 1 && limit <= pageSize) return limit;
  return badRequest(`$top is '${top}'; it must be a whole number from 1 to ${pageSize}.`);
}

/** @throws {Refused} always: the `$skiptoken` is not one of this list */
export function foreignToken(): never {
  return badRequest('$skiptoken did not come from this server; follow nextLink unchanged.');
}

type Shown = Promise<readonly { readonly id: string }[]>;

interface Listed<T> {
  readonly prefix: Prefix<T>;
  /** Turns a page's records into the resources to show; it may leave some out. */
  readonly render: (records: readonly Stored<T>[]) => Shown;
}

/** A list or a part of one, whatever type its records have. */
interface ListSource {
  readonly prefix: string;
  readonly render: (records: readonly StoredRecord[]) => Shown;
}

export function listSource<T>({ prefix, render }: Listed<T>): ListSource {
  return { prefix, render: (records) => render(openListed(prefix, records)) };
}

interface ListRequest<T> extends Listed<T> {
  /** The action that a resource must allow the caller to be shown; a page may therefore be shorter than asked for. */
  readonly visibleBy?: string;
}

/** One page of an ARM list: `{ value, nextLink }`, with `$top` and an opaque `$skiptoken`. */
export async function listAnswer<T>(
  call: ControlCall,
  { visibleBy, prefix, render }: ListRequest<T>,
): Promise<ControlOutcome> {
  const { access } = call;
  // An assignment at a scope covers everything below it, so for most callers no single resource is checked.
  const seesAll = visibleBy === undefined || access.may(visibleBy, listScope(scopeKey(call.path)));
  const shown = async (records: readonly Stored<T>[]) => {
    const rendered = await render(records);
    return seesAll ? rendered : rendered.filter(({ id }) => access.may(visibleBy, id));
  };
  return listAnswerOf(call, [listSource({ prefix, render: shown })]);
}

/**
 * The same for a list of several parts, one after the other. A page reads at most as many records as it may have items,
 * so it can be short or empty and still have a next page.
 */
export async function listAnswerOf(call: ControlCall, sources: readonly ListSource[]): Promise<ControlOutcome> {
  const limit = pageLimit(call.query['$top']);
  const start = startOf(call.query['$skiptoken'], sources);
  if (start === undefined) return foreignToken();
  const value: { readonly id: string }[] = [];
  let [walked, bytes] = [0, 0];
  for (const [offset, { prefix, render }] of sources.slice(start.source).entries()) {
    const after = offset === 0 && start.after !== undefined ? `${prefix}${start.after}` : undefined;
    const room = { records: limit - walked, bytes: pageBytes - bytes };
    const { shown, hasMore } = await nextRecords(call.store, { prefix, after, room });
    value.push(...(await render(shown)));
    walked += shown.length;
    bytes += sizeOf(shown);
    const last = shown.at(-1);
    const source = start.source + offset;
    if (hasMore) {
      const next = last === undefined ? `${source}|` : `${source}|${last.key.slice(prefix.length)}`;
      return page(call, value, next);
    }
  }
  return answer(200, { value });
}

interface Walk {
  readonly prefix: string;
  readonly after: string | undefined;
  readonly room: { readonly records: number; readonly bytes: number };
}

/** The next records of a list that fit, and whether there are more. */
async function nextRecords(store: ControlCall['store'], { prefix, after, room }: Walk) {
  const records = await store.list({ prefix, after, limit: room.records + 1, bytes: Math.max(1, room.bytes) });
  const shown = records.slice(0, room.records);
  const last = shown.at(-1);
  const hasMore =
    records.length > room.records ||
    (last !== undefined && (await store.list({ prefix, after: last.key, limit: 1 })).length > 0);
  return { shown, hasMore };
}

function sizeOf(records: readonly StoredRecord[]): number {
  return records.reduce((sum, { value }) => sum + value.length, 0);
}

function page(call: ControlCall, value: readonly unknown[], next: string): ControlOutcome {
  const query = new URLSearchParams({ ...call.query, $skiptoken: skipToken(next) });
  return answer(200, { value, nextLink: `${call.names.resourceManager}${encodePath(call.path)}?${query.toString()}` });
}

/**
 * Where a page begins: the index of the source and the end of the last key there; `undefined` for a token that this
 * list did not give.
 */
function startOf(token: string | undefined, sources: readonly ListSource[]) {
  if (token === undefined) return { source: 0, after: undefined };
  const [, digits = '', after = ''] = /^(\d{1,2})\|(.*)$/.exec(readSkipToken(token) ?? '') ?? [];
  const source = Number(digits);
  const found = digits === '' ? undefined : sources[source];
  if (found === undefined || found.prefix.length + after.length > keyLengthMax) return undefined;
  return { source, after: after === '' ? undefined : after };
}

const batch = { limit: 32, bytes: 262_144 };

/**
 * All records under a prefix, a few at a time. Other requests are answered in between, however many records there are.
 */
export async function* walk<R>(store: Store, prefix: Prefix<R>): AsyncGenerator<readonly Stored<R>[]> {
  for (let after: string | undefined; ;) {
    const records: readonly Stored<R>[] = await listRecords(store, { prefix, after, ...batch });
    after = records.at(-1)?.key;
    if (after === undefined) return;
    yield records;
    // Another request needs two turns of the event loop: it is decided in one and answered in the next.
    await setImmediate();
    await setImmediate();
  }
}

/** The first `limit` results of `read` on the records under a prefix. */
export async function firstOf<R, T>(
  { store, prefix, limit }: { readonly store: Store; readonly prefix: Prefix<R>; readonly limit: number },
  read: (records: readonly Stored<R>[]) => readonly T[] | Promise<readonly T[]>,
): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const records of walk(store, prefix)) {
    found.push(...(await read(records)));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}
