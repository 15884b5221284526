import { useEffect, useState } from 'preact/hooks';
import { usePortal } from './portal.ts';
import type { Services } from './request.ts';

/** A user, group or application of the directory, as Graph knows it. */
export interface Principal {
  readonly id: string;
  readonly name: string;
  readonly kind: PrincipalKind;
  /** The user's name to sign in with, or the application's id. */
  readonly detail?: string;
}

export type PrincipalKind = 'User' | 'Group' | 'ServicePrincipal';

interface GraphObject {
  readonly '@odata.type'?: string;
  readonly id: string;
  readonly displayName: string | null;
  readonly userPrincipalName?: string;
  readonly appId?: string;
}

/** Without a type where the list is of one kind. */
const kinds: Readonly<Record<string, PrincipalKind>> = {
  '#microsoft.graph.user': 'User',
  '#microsoft.graph.group': 'Group',
  '#microsoft.graph.servicePrincipal': 'ServicePrincipal',
};

export const kindWords: Readonly<Record<PrincipalKind, string>> = {
  User: 'user',
  Group: 'group',
  ServicePrincipal: 'application',
};

const collections = { users: 'User', groups: 'Group', servicePrincipals: 'ServicePrincipal' } as const;

function principalOf(object: GraphObject, kind: PrincipalKind): Principal {
  const { id, displayName, userPrincipalName, appId } = object;
  const detail = userPrincipalName ?? appId;
  return { id, name: displayName ?? detail ?? id, kind, ...(detail !== undefined && { detail }) };
}

/** Graph's answers so far; an id that it does not know is asked for once. */
const known = new Map<string, Principal>();
const asked = new Set<string>();

/** The names of these object ids, as far as they are known by now. Without an answer of Graph the ids are shown. */
export function useNames(ids: readonly string[]): ReadonlyMap<string, Principal> {
  const { services } = usePortal();
  const [, setTurn] = useState(0);
  const wanted = [...new Set(ids)].filter((id) => id !== '' && !asked.has(id)).slice(0, 1000);
  const key = wanted.join();
  useEffect(() => {
    if (wanted.length === 0) return;
    for (const id of wanted) asked.add(id);
    const learn = async () => {
      const body = { ids: wanted, types: Object.values(collections) };
      const { value } = await services.graph<{ value: readonly GraphObject[] }>('/v1.0/directoryObjects/getByIds', {
        method: 'POST',
        body,
      });
      for (const object of value.value) {
        const kind = kinds[object['@odata.type'] ?? ''];
        if (kind !== undefined) known.set(object.id, principalOf(object, kind));
      }
      setTurn((last) => last + 1);
    };
    learn().catch(() => {
      for (const id of wanted) asked.delete(id);
    });
  }, [key]);
  return known;
}

/** Users, groups and applications whose name begins so; all of them for an empty one. */
export async function findPrincipals(
  services: Services,
  beginning: string,
  signal: AbortSignal,
): Promise<readonly Principal[]> {
  const text = beginning.trim().replaceAll("'", "''");
  const query = new URLSearchParams({
    $top: '20',
    ...(text !== '' && { $filter: `startswith(displayName,'${text}')` }),
  }).toString();
  const found = await Promise.all(
    Object.entries(collections).map(async ([collection, kind]) => {
      const path = `/v1.0/${collection}?${query}`;
      const { value } = await services.graph<{ value: readonly GraphObject[] }>(path, { signal });
      return value.value.map((object) => principalOf(object, kind));
    }),
  );
  return found.flat().toSorted((one, other) => one.name.localeCompare(other.name));
}

/** The groups of a user or an application, those that are in others included. A group is in none that counts. */
export async function groupsOf(
  services: Services,
  { id, kind }: Pick<Principal, 'id' | 'kind'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (kind === 'Group') return [];
  const collection = kind === 'User' ? 'users' : 'servicePrincipals';
  const { value } = await services.graph<{ value: readonly string[] }>(
    `/v1.0/${collection}/${encodeURIComponent(id)}/getMemberGroups`,
    {
      method: 'POST',
      body: { securityEnabledOnly: false },
      signal,
    },
  );
  return value.value;
}
