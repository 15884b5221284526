import { skipToken, readSkipToken } from '../http/skip-token.ts';
import type { ObjectRefusal } from '../objects/refusal.ts';
import type { Page, PageRequest } from '../objects/read.ts';
import { objectLimits } from '../objects/parameters.ts';
import type { Call } from './operation.ts';

/** Reads `maxresults` (1 to 25, also the default) and `$skiptoken` of a list request. */
export function pageRequest(
  call: Call,
): { readonly ok: true; readonly page: PageRequest } | { readonly ok: false; readonly refusal: ObjectRefusal } {
  const { maxresults, $skiptoken } = call.query;
  const limit =
    maxresults === undefined ? objectLimits.pageSize : /^\d{1,2}$/.test(maxresults) ? Number(maxresults) : 0;
  if (limit < 1 || limit > objectLimits.pageSize) {
    return bad(`maxresults is '${maxresults}'; it must be a whole number from 1 to ${objectLimits.pageSize}.`);
  }
  const after = $skiptoken === undefined ? undefined : readSkipToken($skiptoken);
  if ($skiptoken !== undefined && (after === undefined || !isPlace(after))) {
    return bad('$skiptoken is not one that this vault gave out; follow nextLink as it is.');
  }
  return { ok: true, page: { after, limit } };
}

/** Lists go by names, or by versions, as their keys have them; anything else was not put into a token by us. */
function isPlace(after: string): boolean {
  return /^[0-9a-z-]{1,127}$/.test(after);
}

/** The body of a list answer; `nextLink` is null on the last page, as Azure sends it. */
export function listBody<T>(call: Call, path: string, page: Page<T>, render: (item: T) => unknown) {
  return { value: page.items.map(render), nextLink: page.next === undefined ? null : nextLink(call, path, page.next) };
}

/** In Azure's spelling and order: there are clients that cut the token out of it. */
function nextLink(call: Call, path: string, next: string): string {
  const asked = ['maxresults', 'includePending'].flatMap((name) => {
    const value = call.query[name];
    return value === undefined ? [] : [`&${name}=${encodeURIComponent(value)}`];
  });
  return `${call.origin}${path}?api-version=${call.apiVersion}&$skiptoken=${skipToken(next)}${asked.join('')}`;
}

function bad(message: string): { readonly ok: false; readonly refusal: ObjectRefusal } {
  return { ok: false, refusal: { kind: 'badParameter', message } };
}
