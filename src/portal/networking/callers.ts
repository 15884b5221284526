import { formatIpv4, parseAddress } from '../../address/address.ts';
import type { Request } from '../../insight/fixes.ts';
import type { ActivityEntry, CallerRow, SeenCaller, SeenSource } from '../../types/activity.ts';
import { servicesTenant } from '../../types/caller.ts';
import type { Caller } from '../../types/caller.ts';
import type { Source } from '../../types/source.ts';
import { fromAddress } from './judge.ts';
import type { Judge } from './judge.ts';

/** A caller of the last hours: all rows with the same caller and source. */
export interface LateCaller {
  readonly objectId: string;
  /** The best name that the records have. */
  readonly who: string;
  readonly from: string;
  readonly count: number;
  readonly last: string;
}

/** The callers of the last hours, each decided by the rules in force and by the draft. */
export interface JudgedCallers {
  readonly stay: readonly LateCaller[];
  readonly lose: readonly LateCaller[];
  /** Those whom the rules shut out since they called, and the draft lets in again. */
  readonly gain: readonly LateCaller[];
}

export function judgeCallers(
  rows: readonly CallerRow[],
  { before, after, tenantId }: { readonly before: Judge; readonly after: Judge; readonly tenantId: string },
): JudgedCallers {
  const judged = {
    stay: new Map<string, LateCaller>(),
    lose: new Map<string, LateCaller>(),
    gain: new Map<string, LateCaller>(),
  };
  for (const row of rows) {
    const request = requestOf(row, tenantId);
    if (request === undefined) continue;
    const [was, is] = [before.letsIn(request), after.letsIn(request)];
    if (was || is) add(judged[was && is ? 'stay' : is ? 'gain' : 'lose'], row);
  }
  // A caller who loses one of several operations is shown once, with those who lose.
  for (const key of judged.lose.keys()) judged.stay.delete(key);
  return { stay: byCount(judged.stay), lose: byCount(judged.lose), gain: byCount(judged.gain) };
}

function add(callers: Map<string, LateCaller>, row: CallerRow): void {
  const { objectId } = row.caller;
  const [who, from] = [callerName(row), sourceName(row.source)];
  const key = `${objectId} ${row.caller.applicationId ?? ''} ${from}`;
  const known = callers.get(key);
  const last = known === undefined || known.last < row.last ? row.last : known.last;
  callers.set(key, { objectId, who, from, last, count: (known?.count ?? 0) + row.count });
}

function byCount(callers: ReadonlyMap<string, LateCaller>): readonly LateCaller[] {
  return [...callers.values()].toSorted((one, other) => other.count - one.count);
}

/** The request as the firewall looks at it; `undefined` for an operation that this version does not have. */
function requestOf({ source, caller, operation, permission }: CallerRow, tenantId: string): Request | undefined {
  const from = sourceOf(source);
  if (from === undefined || permission === undefined) return undefined;
  return { source: from, caller: callerOf(caller, tenantId), operation: { name: operation, permission } };
}

function sourceOf(source: SeenSource): Source | undefined {
  if (source.kind === 'unknown') return undefined;
  const address = parseAddress(source.address);
  if (address === undefined) return undefined;
  if (source.kind === 'public') return { kind: 'public', address };
  const { subnet, incarnation = subnet, assurance } = source;
  return { kind: 'subnet', subnet, incarnation, address, assurance };
}

/** The members that trust depends on; the firewall looks at no other. */
function callerOf({ issuerClass, issuer = '', objectId, ...seen }: SeenCaller, tenantId: string): Caller {
  return {
    issuer,
    issuerClass,
    tenant: issuerClass === 'services' ? servicesTenant : tenantId,
    objectId,
    applicationId: seen.applicationId,
    groups: [],
    managedIdentity: seen.managedIdentity,
    usedBy: seen.usedBy,
    audience: '',
    notBefore: 0,
    expiresAt: 0,
    claims: {},
  };
}

/** A user's name, the trusted service, the resource of a managed identity, or the application. */
function callerName({ caller: { name, usedBy, managedIdentity, applicationId, objectId }, trustedService }: CallerRow) {
  const resource = usedBy ?? managedIdentity;
  return name ?? trustedService ?? resource?.split('/').at(-1) ?? applicationId ?? objectId;
}

function sourceName(source: SeenSource): string {
  if (source.kind === 'unknown') return 'an unknown place';
  if (source.kind === 'public') return source.address;
  return `${source.subnet.split('/').at(-3) ?? ''} / ${source.subnet.split('/').at(-1) ?? ''} (${source.address})`;
}

/** The public IPv4 addresses of entries, each once, as numbers. */
export function addressesIn(sources: readonly (SeenSource | undefined)[]): readonly number[] {
  const addresses = sources.flatMap((source) => {
    const address = source?.kind === 'public' ? parseAddress(source.address) : undefined;
    return address?.family === 4 ? [address.value] : [];
  });
  return [...new Set(addresses)];
}

/** The addresses that a vault's firewall denied. */
export function deniedIn(entries: readonly ActivityEntry[]): readonly number[] {
  return addressesIn(entries.filter(({ verdict }) => verdict?.allowed === false).map(({ source }) => source));
}

/** How many of the denied addresses the draft lets in, and the rules in force do not. */
export function gainedOf(
  denied: readonly number[],
  { before, after }: { readonly before: Judge; readonly after: Judge },
): number {
  return denied.filter((address) => {
    const request = fromAddress(formatIpv4(address));
    return request !== undefined && after.letsIn(request) && !before.letsIn(request);
  }).length;
}
