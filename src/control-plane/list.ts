import { readSkipToken, skipToken } from '../http/skip-token.ts';
import type { StoredRecord } from '../store/store.ts';
import type { ControlCall, ControlOutcome } from './operation.ts';
import { answer, refuse } from './outcome.ts';

/** Page size of ARM lists, unless `$top` says otherwise. */
const pageSize = 1000;

/** The store's: a longer one can only come of a token that was made up. */
const keyLengthMax = 1024;

interface ListRequest {
  readonly prefix: string;
  /** The records of a page as resources. */
  readonly render: (records: readonly StoredRecord[]) => Promise<readonly { readonly id: string }[]>;
  /** Only what the caller may do this action on is shown; a page may so be shorter than it was asked to be. */
  readonly seen?: string;
}

/** One page of an ARM list: `{ value, nextLink }`, with `$top` and an opaque `$skiptoken`. */
export async function listAnswer(call: ControlCall, { prefix, render, seen }: ListRequest): Promise<ControlOutcome> {
  const limit = call.query['$top'] === undefined ? pageSize : Number(call.query['$top']);
  if (!Number.isInteger(limit) || limit < 1 || limit > pageSize) {
    const message = `$top is '${call.query['$top']}'; it must be a whole number from 1 to ${pageSize}.`;
    return refuse({ kind: 'badQuery', message });
  }
  const token = call.query['$skiptoken'];
  const after = token === undefined ? undefined : readSkipToken(token);
  const from = after === undefined ? undefined : `${prefix}${after}`;
  if (token !== undefined && (from === undefined || from.length > keyLengthMax)) {
    return refuse({
      kind: 'badQuery',
      message: '$skiptoken is not one that this server gave out; follow nextLink as it is.',
    });
  }
  const { access } = call;
  const records = await call.store.list({ prefix, after: from, limit: limit + 1 });
  const shown = records.slice(0, limit);
  const last = shown.at(-1);
  const rendered = await render(shown);
  const value = seen === undefined ? rendered : rendered.filter(({ id }) => access.may(seen, id));
  if (records.length <= limit || last === undefined) return answer(200, { value });
  const query = new URLSearchParams({ ...call.query, $skiptoken: skipToken(last.key.slice(prefix.length)) });
  return answer(200, { value, nextLink: `${call.names.resourceManager}${call.path}?${query.toString()}` });
}
