import type { ActivityEntry, SeenCaller } from '../../types/activity.ts';
import { firewallReason, outcomeOf, permissionReason, rungNames } from './entry.ts';
import type { RungName } from './entry.ts';

/** `skipped`: this kind of request has no such rung, or the record does not say. */
export type RungState = 'passed' | 'refused' | 'unreached' | 'skipped';

export interface Rung {
  readonly name: RungName;
  readonly state: RungState;
  readonly about: string;
}

/** How far a request came, rung by rung. */
export function ladderOf(entry: ActivityEntry): readonly Rung[] {
  const outcome = outcomeOf(entry);
  const refusedAt = outcome === 'done' ? rungNames.length : rungNames.indexOf(outcome);
  return rungNames.map((name, index) => {
    const about = abouts[name](entry);
    if (index > refusedAt) return { name, state: 'unreached', about: 'not reached' };
    if (index === refusedAt) return { name, state: 'refused', about: about ?? `answered ${entry.status}` };
    return about === undefined
      ? { name, state: 'skipped', about: entry.plane === 'control' ? 'not asked here' : 'not recorded' }
      : { name, state: 'passed', about };
  });
}

const abouts: Readonly<Record<RungName, (entry: ActivityEntry) => string | undefined>> = {
  token: ({ caller, source, status }) =>
    caller === undefined
      ? source === undefined
        ? 'none: the vault by itself'
        : status === 401
          ? 'not accepted'
          : undefined
      : callerText(caller),
  firewall: ({ verdict }) => verdict && firewallReason(verdict),
  permission: ({ permission }) => permission && permissionReason(permission),
  object: ({ status }) => `answered ${status}`,
};

/** The caller's name as the token has it, the resource whose identity it is, or its id. */
export function callerText({ name, managedIdentity, usedBy, objectId, applicationId }: SeenCaller): string {
  if (name !== undefined) return name;
  const identity = usedBy ?? managedIdentity;
  if (identity !== undefined) return `identity of ${lastOf(identity)}`;
  return objectId === '' ? `application ${applicationId ?? 'unknown'}` : objectId;
}

function lastOf(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}
