import { describeCaller } from '../../firewall/trusted-services.ts';
import type { TrustedService } from '../../firewall/trusted-services.ts';
import type { Trust } from '../../firewall/trust.ts';
import type { ActivityEntry, SeenCaller } from '../../types/activity.ts';
import { servicesTenant } from '../../types/caller.ts';
import type { Caller } from '../../types/caller.ts';
import { countOf, isLetIn, outcomeOf, reasonOf, timeOf } from '../activity/entry.ts';
import type { Vault } from '../vaults/vault.ts';

/** Calls of one trusted service, as far as the server remembers. */
export interface Calls {
  readonly letIn: number;
  readonly refused: number;
  readonly lastMs: number;
  /** Why the last one was refused. */
  readonly why: string | undefined;
  /** The object id of the last caller, to look for. */
  readonly caller: string;
}

/** Counts the calls of trusted services; who is one is decided as the vaults do, by the token's own members. */
export function callsByService(trust: Trust, entries: readonly ActivityEntry[], tenantId: string) {
  const callers = new Map<string, readonly string[]>();
  const namesOf = (caller: SeenCaller) => {
    const key = JSON.stringify(caller);
    const known = callers.get(key) ?? trust.servicesOf(asCaller(caller, tenantId)).map(({ name }) => name);
    callers.set(key, known);
    return known;
  };
  const calls = new Map<string, Calls>();
  for (const entry of entries) {
    const { caller, verdict } = entry;
    if (caller === undefined || entry.plane !== 'data') continue;
    const names = verdict?.trustedService === undefined ? namesOf(caller) : [verdict.trustedService];
    for (const name of names) calls.set(name, counted(calls.get(name), entry, caller));
  }
  return calls;
}

function counted(before: Calls | undefined, entry: ActivityEntry, { objectId }: SeenCaller): Calls {
  const { letIn = 0, refused = 0, why } = before ?? {};
  const isIn = isLetIn(outcomeOf(entry));
  return {
    letIn: letIn + (isIn ? countOf(entry) : 0),
    refused: refused + (isIn ? 0 : countOf(entry)),
    lastMs: timeOf(entry),
    why: isIn ? why : reasonOf(entry),
    caller: objectId,
  };
}

function asCaller(seen: SeenCaller, tenantId: string): Caller {
  const { issuerClass, objectId, applicationId, managedIdentity, usedBy } = seen;
  return {
    issuer: seen.issuer ?? '',
    issuerClass,
    tenant: issuerClass === 'services' ? servicesTenant : tenantId,
    objectId,
    applicationId,
    managedIdentity,
    usedBy,
    groups: [],
    audience: '',
    notBefore: 0,
    expiresAt: 0,
    claims: {},
  };
}

/** How its calls are recognised, and what each kind of call may ask for. */
export function waysOf({ callers }: TrustedService): readonly { readonly how: string; readonly may: string }[] {
  return callers.map((caller) => ({ how: describeCaller(caller), may: caller.permissions.join(', ') }));
}

/** Whether trusted services get past the rules of the vault. */
export function optsIn({ properties }: Pick<Vault, 'properties'>): boolean {
  return (properties.networkAcls?.bypass ?? 'AzureServices') === 'AzureServices';
}
