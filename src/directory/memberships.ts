import type { Key } from '../store/keys.ts';
import { recordPut } from '../store/records.ts';
import type { Put, Store } from '../store/store.ts';
import { groupKey, groupsPrefix, memberKey, membersPrefix, objectKey } from './keys.ts';
import { findAny, findObject } from './objects.ts';
import type { AnyObject, Changed } from './objects.ts';

/** The most groups that Entra puts into a token (Microsoft, "Configure group claims"); for a caller with more, it lists none. */
export const groupClaimMax = 200;

/** The most groups that are looked up for one object. */
const groupsMax = 1000;

export interface Membership {
  readonly tenantId: string;
  readonly group: string;
  readonly member: string;
}

/**
 * The ids of all groups that an object is in, directly or through other groups, nearest first. At most `limit + 1`: the
 * extra one shows that there are more.
 */
export async function groupsOf(
  store: Store,
  { tenantId, id, limit = groupsMax }: { readonly tenantId: string; readonly id: string; readonly limit?: number },
): Promise<readonly string[]> {
  const found: string[] = [];
  // Groups may contain each other in a circle.
  const seen = new Set([id]);
  for (let of: readonly string[] = [id]; of.length > 0 && found.length <= limit;) {
    const lists = await Promise.all(
      of.map(async (member) => {
        const prefix = groupsPrefix(tenantId, member);
        const edges = await store.list({ prefix, limit: limit + 1 });
        return edges.map(({ key }) => key.slice(prefix.length));
      }),
    );
    of = [...new Set(lists.flat())].filter((group) => !seen.has(group));
    for (const group of of) seen.add(group);
    found.push(...of);
  }
  return found.slice(0, limit + 1);
}

/** The direct members of a group, at most `limit` of those after the id `after`. */
export async function membersOf(
  store: Store,
  { tenantId, group }: Pick<Membership, 'tenantId' | 'group'>,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly AnyObject[]> {
  const prefix = membersPrefix(tenantId, group);
  const edges = await store.list({ prefix, after: after === undefined ? undefined : prefix + after, limit });
  return findAny(
    store,
    tenantId,
    edges.map(({ key }) => key.slice(prefix.length)),
  );
}

/** Adds an object to a group. */
export async function addMember(store: Store, { tenantId, group, member }: Membership): Promise<Changed<undefined>> {
  const into = await findObject(store, { tenantId, kind: 'group' }, group);
  if (into === undefined) return { ok: false, refusal: { kind: 'objectNotFound', id: group } };
  const [object] = await findAny(store, tenantId, [member]);
  if (object === undefined || object.kind === 'application') {
    return { ok: false, refusal: { kind: 'objectNotFound', id: member } };
  }
  const membership = { tenantId, group: into.record.id, member: object.record.id };
  const [there] = await store.read({ get: [keyOf(membership)] });
  if (there !== undefined) return { ok: false, refusal: { kind: 'memberAlready', id: member } };
  const [memberRecord] = await store.read({ get: [objectKey(tenantId, object.kind, object.record.id)] });
  if (memberRecord === undefined) return { ok: false, refusal: { kind: 'objectNotFound', id: member } };
  return {
    ok: true,
    value: undefined,
    change: {
      // Neither object may be deleted meanwhile: a leftover membership would apply to the next object with that id.
      require: [
        { key: objectKey(tenantId, 'group', into.record.id), version: into.version },
        { key: memberRecord.key, version: memberRecord.version },
        { key: keyOf(membership), version: null },
      ],
      put: membershipPuts(membership),
    },
  };
}

/** Removes an object from a group. */
export async function removeMember(store: Store, membership: Membership): Promise<Changed<undefined>> {
  const key = keyOf(membership);
  const [there] = await store.read({ get: [key] });
  if (there === undefined) return { ok: false, refusal: { kind: 'objectNotFound', id: membership.member } };
  return {
    ok: true,
    value: undefined,
    change: { require: [{ key, version: there.version }], delete: membershipKeys(membership) },
  };
}

/** The records of a membership, one for each direction. */
export function membershipPuts(membership: Membership): readonly Put[] {
  return membershipKeys(membership).map((key) => recordPut(key, true));
}

function membershipKeys(membership: Membership): readonly Key<true>[] {
  const { tenantId, group, member } = membership;
  return [keyOf(membership), groupKey(tenantId, member, group)];
}

function keyOf({ tenantId, group, member }: Membership): Key<true> {
  return memberKey(tenantId, group, member);
}
