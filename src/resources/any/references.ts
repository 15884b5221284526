import { readRecords, recordPut } from '../../store/records.ts';
import type { Put, Requirement, Store } from '../../store/store.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { isResourceGroupName, parseScope, resourceKey } from '../keys.ts';
import { refuseResource } from '../refusal.ts';
import type { LinkedRefusal, ResourceOutcome } from '../refusal.ts';
import { isSameLocation } from '../regions.ts';

/** A reference from one resource to another, both by ARM id. */
export interface Link {
  readonly by: string;
  readonly to: string;
  /** The required type of the target. */
  readonly type: string;
  /** Whether only one resource may refer to the target at a time. */
  readonly exclusive?: boolean;
}

interface LinkServices {
  readonly store: Store;
  readonly subscriptionId: string;
  /** The location of the referring resource. */
  readonly location: string;
  readonly linkedRefusal: LinkedRefusal;
}

interface Linked {
  readonly require: readonly Requirement[];
  readonly put: readonly Put[];
  /** The resources referred to now, by ARM id in lower case. */
  readonly found: ReadonlyMap<string, ResourceRecord>;
}

/**
 * Updates the list of referring resources in the records of those that they refer to, so that none can be deleted at the
 * moment when a reference to it is added. A new reference requires the permission to join its target, which must be in the
 * same subscription and region.
 */
export async function updateLinks(
  links: { readonly before: readonly Link[]; readonly after: readonly Link[] },
  services: LinkServices,
): Promise<ResourceOutcome<Linked>> {
  const require: Requirement[] = [];
  const put: Put[] = [];
  const found = new Map<string, ResourceRecord>();
  const targets = new Map([...links.before, ...links.after].map((link) => [link.to.toLowerCase(), link]));
  for (const [id, { to }] of targets) {
    const old = links.before.filter((link) => link.to.toLowerCase() === id);
    const now = links.after.filter((link) => link.to.toLowerCase() === id);
    const added = now.filter((link) => !old.some((one) => sameUser(one.by, link.by)));
    const [record] = await readTarget(to, services.store);
    const target = record?.value;
    const wrong = now.find((link) => !fits(target, link, services));
    if (wrong !== undefined) return refuseResource({ kind: 'referenceInvalid', id: to, by: wrong.by });
    if (record === undefined || target === undefined) continue;
    const refusal = added.length > 0 ? services.linkedRefusal(`${target.type}/join/action`, to) : undefined;
    if (refusal !== undefined) return refuseResource(refusal);
    const others = (target.usedBy ?? []).filter((user) => !old.some(({ by }) => sameUser(by, user)));
    if (others.length > 0 && added.some(({ exclusive }) => exclusive === true)) {
      return refuseResource({ kind: 'publicAddressTaken', id: to, users: others });
    }
    const usedBy = [...others, ...now.map(({ by }) => by)];
    if (now.length > 0) found.set(id, target);
    if (sameUsers(usedBy, target.usedBy ?? [])) continue;
    require.push({ key: record.key, version: record.version });
    put.push(recordPut(record.key, { ...target, usedBy }));
  }
  return { ok: true, value: { require, put, found } };
}

async function readTarget(id: string, store: Store) {
  const scope = parseScope(id);
  if (scope?.type === undefined || scope.resourceGroup === undefined) return [];
  if (!isResourceGroupName(scope.resourceGroup)) return [];
  const place = { subscriptionId: scope.subscriptionId, resourceGroup: scope.resourceGroup };
  return readRecords(store, { get: [resourceKey(place, scope.type, scope.names ?? [])] });
}

function fits(target: ResourceRecord | undefined, link: Link, { subscriptionId, location }: LinkServices): boolean {
  return (
    target !== undefined &&
    target.type.toLowerCase() === link.type.toLowerCase() &&
    target.subscriptionId.toLowerCase() === subscriptionId.toLowerCase() &&
    isSameLocation(target.location ?? '', location)
  );
}

function sameUser(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function sameUsers(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((user) => others.some((other) => sameUser(user, other)));
}
