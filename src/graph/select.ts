import type { GraphCall } from './operation.ts';
import { GraphRefused } from './refusal.ts';

/**
 * What `$select` leaves of an object.
 * @throws {GraphRefused} for a property that it does not have
 */
export function select({ query }: Pick<GraphCall, 'query'>, resource: object): object {
  const asked = query['$select'];
  if (asked === undefined) return resource;
  const members = Object.entries(resource);
  const names = asked.split(',').map((name) => name.trim());
  for (const name of names) {
    if (members.some(([member]) => member.toLowerCase() === name.toLowerCase())) continue;
    throw new GraphRefused({ kind: 'queryInvalid', name: '$select', rule: `there is no property named '${name}'` });
  }
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  return Object.fromEntries(members.filter(([name]) => wanted.has(name.toLowerCase()) || name.startsWith('@odata.')));
}

/**
 * Refuses every query option but these.
 * @throws {GraphRefused}
 */
export function refuseOptions({ query }: Pick<GraphCall, 'query'>, supported: readonly string[]): void {
  const other = Object.keys(query).find((name) => !supported.includes(name));
  if (other !== undefined) throw new GraphRefused({ kind: 'queryUnsupported', name: other.slice(0, 64) });
}
