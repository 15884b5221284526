import { randomUUID } from 'node:crypto';
import { addToGroups } from '../directory/client-registration.ts';
import { isDirectoryId } from '../directory/keys.ts';
import { removeMember } from '../directory/memberships.ts';
import { findByName, findObject, removeObject } from '../directory/objects.ts';
import type { Changed, ObjectsOf, Stored } from '../directory/objects.ts';
import type { UserRecord } from '../directory/records.ts';
import { matchesHash } from '../directory/secret.ts';
import { createUser, updateUser } from '../directory/users.ts';
import type { Settings } from '../settings/settings.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import type { Store } from '../store/store.ts';

/** A user that the configuration file named at the last start. */
interface Registered {
  readonly id: string;
  readonly groups: readonly string[];
}

const registeredKey = recordKind<readonly Registered[]>({
  pattern: 'setup/registered-users',
  owner: 'setup',
  holds: 'the users that the configuration file named at the last start',
}).key();

export interface UsersScope {
  readonly tenantId: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Updates the directory to the users of the configuration file, as `registerClients` does for clients. An unchanged
 * password is not set again, so that signed-in users stay signed in.
 */
export async function registerUsers(store: Store, users: Settings['users'], scope: UsersScope): Promise<void> {
  const [record] = await readRecords(store, { get: [registeredKey] });
  const before = record?.value ?? [];
  if (before.length === 0 && users.length === 0) return;
  const inTenant = { tenantId: scope.tenantId, kind: 'user' } as const;
  const named = await Promise.all(
    users.map(async ({ userPrincipalName, objectId, groups }) => {
      const known = await findByName(store, inTenant, userPrincipalName);
      return { id: objectId ?? known?.record.id ?? randomUUID(), groups };
    }),
  );
  // Stored first, so that none is forgotten after a crash.
  await store.transact({ put: [recordPut(registeredKey, [...before, ...named])] });
  for (const old of before) await forget(store, { old, now: named.find(({ id }) => id === old.id) }, inTenant);
  for (const [index, user] of users.entries()) {
    const registered = named[index];
    if (registered !== undefined) await putConfigured(store, { user, registered }, scope);
  }
  await store.transact({ put: [recordPut(registeredKey, named)] });
}

async function forget(
  store: Store,
  { old, now }: { readonly old: Registered; readonly now: Registered | undefined },
  inTenant: ObjectsOf<'user'>,
): Promise<void> {
  if (now === undefined) {
    const known = await findObject(store, inTenant, old.id);
    if (known !== undefined) await store.transact(await removeObject(store, 'user', known));
    return;
  }
  for (const group of old.groups.filter((id) => isDirectoryId(id) && !now.groups.includes(id))) {
    const left = await removeMember(store, { tenantId: inTenant.tenantId, group, member: old.id });
    if (left.ok) await store.transact(left.change);
  }
}

interface Configured {
  readonly user: Settings['users'][number];
  readonly registered: Registered;
}

async function putConfigured(store: Store, { user, registered }: Configured, { tenantId, now }: UsersScope) {
  const { userPrincipalName, password, displayName = userPrincipalName } = user;
  const { id, groups } = registered;
  const before = await findObject(store, { tenantId, kind: 'user' }, id);
  const changed =
    before === undefined
      ? await createUser(store, { id, tenantId, userPrincipalName, displayName, password }, now)
      : await updateUser(
          store,
          { before, now },
          { userPrincipalName, displayName, ...(await passwordOf(before, password)) },
        );
  await store.transact(changeOf(changed, userPrincipalName));
  await store.transact(await addToGroups(store, { tenantId, member: id, groups }));
}

async function passwordOf({ record }: Stored<'user'>, password: string): Promise<{ readonly password?: string }> {
  const same = record.passwordHash !== undefined && (await matchesHash(password, record.passwordHash));
  return same ? {} : { password };
}

/** @throws {RangeError} when the user in the file is invalid */
function changeOf(changed: Changed<UserRecord>, name: string) {
  if (changed.ok) return changed.change;
  const { refusal } = changed;
  const why = refusal.kind === 'propertyInvalid' ? `${refusal.property}: ${refusal.rule}` : refusal.kind;
  throw new RangeError(`the user ${name} of the configuration file cannot be registered: ${why}`);
}
