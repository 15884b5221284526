import { randomUUID } from 'node:crypto';
import { addToGroups } from '../../directory/client-registration.ts';
import { groupsOf } from '../../directory/memberships.ts';
import { directoryIds, findByName, findObject, removeObject } from '../../directory/objects.ts';
import type { Changed, Stored } from '../../directory/objects.ts';
import type { UserRecord } from '../../directory/records.ts';
import { matchesHash } from '../../directory/secret.ts';
import { createUser, updateUser } from '../../directory/users.ts';
import type { UserProperties } from '../../directory/users.ts';
import type { SeedUser } from '../../seed/seed-file.ts';
import { merge } from '../../store/store.ts';
import type { Transaction } from '../../store/store.ts';
import { SeedRefused } from './applying.ts';
import type { Applying } from './applying.ts';
import { wordsOfDirectory } from './refusal-words.ts';

/** Makes a user, or gives it the password, name and groups of the seed. An equal password is not set again: that would end sessions. */
export async function applyUser(applying: Applying, name: string, user: SeedUser): Promise<void> {
  const { store, scope } = applying;
  const before = await findByName(store, { tenantId: scope.identity.tenantId, kind: 'user' }, name);
  const named = { name, user, path: ['users', name] };
  if (before === undefined) await addUser(applying, named);
  else await changeUser(applying, before, named);
}

interface NamedUser {
  readonly name: string;
  readonly user: SeedUser;
  readonly path: readonly string[];
}

async function addUser(applying: Applying, { name, user, path }: NamedUser): Promise<void> {
  const { store, scope } = applying;
  const { tenantId } = scope.identity;
  const { password, displayName = name, objectId: id = randomUUID(), groups } = user;
  if (password === null) {
    throw new SeedRefused(
      [...path, 'password'],
      'null keeps the password that the user has, and there is no such user: write a password',
    );
  }
  if ((await directoryIds(store, tenantId, [id])).has(id)) {
    throw new SeedRefused(
      [...path, 'objectId'],
      `${id} is, or was, the id of something else: choose another, or leave it out`,
    );
  }
  const created = await createUser(
    store,
    { id, tenantId, userPrincipalName: name, displayName, password },
    scope.nowMs,
  );
  const change = merge(changeOf(created, path), await addToGroups(store, { tenantId, member: id, groups }));
  applying.made.addUser(id);
  await applying.commit({ path, done: 'added' }, change, recordOf('Add user', { id, displayName }));
}

async function changeUser(applying: Applying, before: Stored<'user'>, { user, path }: NamedUser): Promise<void> {
  const { store, scope } = applying;
  const { tenantId, id, displayName } = before.record;
  const { objectId = id } = user;
  if (objectId !== id) {
    throw new SeedRefused(
      [...path, 'objectId'],
      `its id is ${id}, and an id cannot be changed: write that, or leave it out`,
    );
  }
  const member = { tenantId, id };
  const has = new Set(await groupsOf(store, member));
  const groups = user.groups.filter((group) => !has.has(group));
  const properties = await changedProperties(before.record, user);
  if (Object.keys(properties).length === 0 && groups.length === 0) {
    applying.unchanged(path);
    return;
  }
  const changed =
    Object.keys(properties).length === 0
      ? {}
      : changeOf(await updateUser(store, { before, now: scope.nowMs }, properties), path);
  const joined = await addToGroups(store, { tenantId, member: id, groups });
  await applying.commit(
    { path, done: 'changed' },
    merge(changed, joined),
    recordOf('Update user', { id, displayName }),
  );
}

async function changedProperties(record: UserRecord, { password, displayName }: SeedUser): Promise<UserProperties> {
  const { passwordHash } = record;
  const isSame = password === null || (passwordHash !== undefined && (await matchesHash(password, passwordHash)));
  return {
    ...(!isSame && { password }),
    ...(displayName !== undefined && displayName !== record.displayName && { displayName }),
  };
}

function changeOf(changed: Changed<UserRecord>, path: readonly string[]): Transaction {
  if (changed.ok) return changed.change;
  const { member, rule } = wordsOfDirectory(changed.refusal);
  throw new SeedRefused(member === undefined ? path : [...path, member], rule);
}

/** Removes a user that a seed made. */
export async function removeUser(applying: Applying, id: string): Promise<void> {
  const { store, scope } = applying;
  const user = await findObject(store, { tenantId: scope.identity.tenantId, kind: 'user' }, id);
  applying.made.forgetUser(id);
  if (user === undefined) return;
  const { userPrincipalName, displayName } = user.record;
  const recorded = recordOf('Delete user', { id, displayName });
  await applying.commit(
    { path: ['users', userPrincipalName], done: 'removed' },
    await removeObject(store, 'user', user),
    recorded,
  );
}

function recordOf(operationName: string, target: { readonly id: string; readonly displayName: string }) {
  return { log: 'directory', operationName, category: 'UserManagement', type: 'User', ...target } as const;
}
