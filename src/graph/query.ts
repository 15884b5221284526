import { Refused } from '../edge/edge.ts';
import { readSkipToken } from '../http/request.ts';
import type { GraphCall } from './operation.ts';
import type { GraphRefusal } from './refusal.ts';

/** The default and largest page sizes (Microsoft, "Paging Microsoft Graph data in your app"). */
const pageSize = 100;
export const pageSizeMax = 999;

/**
 * Reduces an object to the properties in `$select`.
 * @throws {Refused} for a property that it does not have
 */
export function select({ query }: Pick<GraphCall, 'query'>, resource: object): object {
  const asked = query['$select'];
  if (asked === undefined) return resource;
  const members = Object.entries(resource);
  const names = asked.split(',').map((name) => name.trim());
  for (const name of names) {
    if (members.some(([member]) => member.toLowerCase() === name.toLowerCase())) continue;
    throw new Refused<GraphRefusal>({
      kind: 'queryInvalid',
      name: '$select',
      rule: `the property '${name}' does not exist`,
    });
  }
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  return Object.fromEntries(members.filter(([name]) => wanted.has(name.toLowerCase()) || name.startsWith('@odata.')));
}

/**
 * Refuses every query option except these.
 * @throws {Refused}
 */
export function refuseOptions({ query }: Pick<GraphCall, 'query'>, supported: readonly string[]): void {
  const other = Object.keys(query).find((name) => !supported.includes(name));
  if (other !== undefined) throw new Refused<GraphRefusal>({ kind: 'queryUnsupported', name: other.slice(0, 64) });
}

/**
 * The start and size of a page.
 * @throws {Refused}
 */
export function pageOf({ query }: GraphCall): { readonly after: string | undefined; readonly limit: number } {
  const limit = query['$top'] === undefined ? pageSize : Number(query['$top']);
  if (!Number.isInteger(limit) || limit < 1 || limit > pageSizeMax) {
    const rule = `it must be a whole number from 1 to ${pageSizeMax}`;
    throw new Refused<GraphRefusal>({ kind: 'queryInvalid', name: '$top', rule });
  }
  const token = query['$skiptoken'];
  const after = token === undefined ? undefined : readSkipToken(token);
  if (token !== undefined && after === undefined) {
    const rule = 'it was not issued by this server; use @odata.nextLink unchanged';
    throw new Refused<GraphRefusal>({ kind: 'queryInvalid', name: '$skiptoken', rule });
  }
  return { after, limit };
}
