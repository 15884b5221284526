import type { ActivityEntry, SeenSource } from '../../types/activity.ts';

/** The rungs that a request climbs, in order. */
export const rungNames = ['token', 'firewall', 'permission', 'object'] as const;

export type RungName = (typeof rungNames)[number];

/** The rung that refused the request, or `done`. */
export type Outcome = RungName | 'done';

export function outcomeOf(entry: Pick<ActivityEntry, 'status' | 'verdict' | 'permission' | 'caller'>): Outcome {
  if (entry.verdict?.allowed === false) return 'firewall';
  if (entry.permission?.allowed === false) return 'permission';
  if (entry.status < 400) return 'done';
  return entry.status === 401 ? 'token' : 'object';
}

/** Whether it reached the contents of the vault: an object that does not exist was asked for from inside. */
export function isLetIn(outcome: Outcome): boolean {
  return outcome === 'done' || outcome === 'object';
}

/** The requests that an entry stands for. */
export function countOf({ suppressed }: Pick<ActivityEntry, 'suppressed'>): number {
  return suppressed ?? 1;
}

export function timeOf({ time }: Pick<ActivityEntry, 'time'>): number {
  return Date.parse(time);
}

/** The address, a subnet's with its name; `undefined` where there is none. */
export function addressOf(source: SeenSource | undefined): string | undefined {
  return source === undefined || source.kind === 'unknown' ? undefined : source.address;
}

/** `demo-blue/workloads` of the ARM id of a subnet. */
export function subnetName(id: string): string {
  const segments = id.split('/');
  return `${segments[8] ?? ''}/${segments[10] ?? ''}`;
}

type Verdict = NonNullable<ActivityEntry['verdict']>;

const letInBy: Readonly<Record<string, (verdict: Verdict) => string>> = {
  defaultAction: () => 'open to all networks',
  ipRule: ({ rule }) => `IP rule ${rule ?? ''}`,
  virtualNetworkRule: ({ rule }) => `rule for the subnet ${rule === undefined ? '' : subnetName(rule)}`,
  trustedService: ({ trustedService }) => `trusted service ${trustedService ?? ''}`,
};

/** Why the firewall decided as it did, in a line. */
export function firewallReason(verdict: Verdict): string {
  const { allowed, because, explanation } = verdict;
  const words = allowed ? letInBy[because]?.(verdict) : undefined;
  return words ?? explanation?.replace(/^(?:Allowed|Denied): /, '') ?? because;
}

const givenBy = { accessPolicy: 'an access policy', role: 'a role assignment', vaultSwitch: 'a switch of the vault' };
const missing = { accessPolicy: 'no access policy', role: 'no role assignment', vaultSwitch: 'the switch is off' };

/** The source of the permission, or the lack of one. */
export function permissionReason({ allowed, by }: NonNullable<ActivityEntry['permission']>): string {
  return allowed ? givenBy[by] : missing[by];
}

/** Why it ended as it did, in a line. */
export function reasonOf(entry: ActivityEntry): string {
  const { verdict, permission, message, plane, source } = entry;
  const outcome = outcomeOf(entry);
  if (outcome === 'firewall' && verdict !== undefined) return firewallReason(verdict);
  if (outcome !== 'done') return message?.split('\n', 1)[0] ?? `answered ${entry.status}`;
  if (plane === 'control') return 'changed the vault';
  if (source === undefined) return 'the vault did it by itself';
  const reasons = [verdict && firewallReason(verdict), permission && permissionReason(permission)];
  return reasons.filter((reason) => reason !== undefined).join(', ');
}
