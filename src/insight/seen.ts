import { parseAddress } from '../address/address.ts';
import { servicesTenant } from '../types/caller.ts';
import type { Caller } from '../types/caller.ts';
import type { CallerRow, SeenCaller, SeenSource } from '../types/activity.ts';
import type { Source } from '../types/source.ts';
import type { Request } from './fixes.ts';

/**
 * The request of a caller that was seen, so that other rules can decide it again; `undefined` for an operation that this
 * version does not have, and for a subnet whose incarnation is not known. Its caller is good for the firewall only.
 */
export function seenRequest({ source: seen, caller, operation, permission }: CallerRow): Request | undefined {
  const source = sourceOf(seen);
  if (source === undefined || permission === undefined) return undefined;
  return { source, caller: callerOf(caller), operation: { name: operation, permission } };
}

function sourceOf(seen: SeenSource): Source | undefined {
  if (seen.kind === 'unknown') return { kind: 'unknown', reason: 'it was not known' };
  const address = parseAddress(seen.address);
  if (address === undefined) return undefined;
  if (seen.kind === 'public') return { kind: 'public', address };
  const { subnet, incarnation, assurance } = seen;
  return incarnation === undefined ? undefined : { kind: 'subnet', subnet, incarnation, address, assurance };
}

function callerOf({ issuerClass, issuer = '', objectId, applicationId, managedIdentity, usedBy }: SeenCaller): Caller {
  return {
    issuer,
    issuerClass,
    tenant: issuerClass === 'services' ? servicesTenant : '',
    objectId,
    applicationId,
    groups: [],
    managedIdentity,
    usedBy,
    audience: '',
    notBefore: 0,
    expiresAt: 0,
    claims: {},
  };
}
