import { changeObject, findObject } from '../directory/objects.ts';
import { pairwiseSubject } from '../directory/pairwise.ts';
import type { UserRecord } from '../directory/records.ts';
import { createUser as create, updateUser as update } from '../directory/users.ts';
import type { UserProperties } from '../directory/users.ts';
import { Refused } from '../edge/edge.ts';
import { activities } from './activities.ts';
import { bodyOf, flag, object, only, required, boundedString } from './body.ts';
import { users } from './collections.ts';
import { listCollection } from './list.ts';
import { created, deleteObject, getMemberGroups, getObject, objectOf } from './objects.ts';
import { answer, done, entity, orRefuse, targetOf } from './operation.ts';
import type { GraphCall, GraphOperation } from './operation.ts';
import { refuseOptions, select } from './query.ts';
import type { GraphRefusal } from './refusal.ts';
import { resources } from './resource.ts';

const read = bodyOf({
  accountEnabled: flag,
  displayName: boundedString,
  givenName: boundedString,
  mail: boundedString,
  mailNickname: boundedString,
  // The first password stays valid: there is no page to change it on.
  passwordProfile: object({
    password: boundedString,
    forceChangePasswordNextSignIn: only(false),
    forceChangePasswordNextSignInWithMfa: only(false),
  }),
  surname: boundedString,
  userPrincipalName: boundedString,
});

function userPropertiesOf(body: unknown): UserProperties {
  const { passwordProfile, ...properties } = read(body);
  const password = passwordProfile?.password;
  return { ...properties, ...(password !== undefined && { password }) };
}

const createUser: GraphOperation = {
  method: 'POST',
  path: '/users',
  access: 'write',
  activity: () => activities.addUser,
  async run(call) {
    const { store, tenantId, nowMs, newId } = call;
    const properties = userPropertiesOf(call.body);
    const userPrincipalName = required(properties.userPrincipalName, 'userPrincipalName');
    const displayName = required(properties.displayName, 'displayName');
    required(properties.password, 'passwordProfile.password');
    const user = { ...properties, id: newId(), tenantId, userPrincipalName, displayName };
    return created(call, users, await create(store, user, nowMs));
  },
};

const updateUser: GraphOperation = {
  method: 'PATCH',
  path: '/users/:id',
  access: 'write',
  activity: () => activities.updateUser,
  async run(call) {
    const before = await objectOf(call, 'user');
    const changed = await update(call.store, { before, now: call.nowMs }, userPropertiesOf(call.body));
    return done(changed, targetOf(before.record));
  },
};

/** Ends the refresh tokens and browser sessions of a user. Access tokens stay valid until they expire. */
const revokeSignInSessions: GraphOperation = {
  method: 'POST',
  path: '/users/:id/revokeSignInSessions',
  access: 'write',
  activity: () => activities.revokeSignInSessions,
  async run(call) {
    const before = await objectOf(call, 'user');
    const record = { ...before.record, signInSessionsValidFrom: call.nowMs };
    const { change } = orRefuse(await changeObject(call.store, { kind: 'user', record, before }));
    return { ...answer(200, entity(call, 'Edm.Boolean', { value: true })), change, targets: [targetOf(record)] };
  },
};

/** The signed-in user. */
const getMe: GraphOperation = {
  method: 'GET',
  path: '/me',
  access: 'read',
  async run(call) {
    refuseOptions(call, ['$select']);
    const user = await signedInUser(call);
    return answer(200, entity(call, 'users/$entity', select(call, resources.user(user))));
  },
};

/** @throws {Refused} if the caller is an application */
async function signedInUser({ store, tenantId, caller }: GraphCall): Promise<UserRecord> {
  const found = await findObject(store, { tenantId, kind: 'user' }, caller.objectId);
  if (found === undefined) throw new Refused<GraphRefusal>({ kind: 'notUser' });
  return found.record;
}

/** OpenID Connect's userinfo (Core section 5.3), outside `/v1.0`. */
export const userInfo: GraphOperation = {
  method: 'GET',
  path: '/oidc/userinfo',
  access: 'read',
  async run(call) {
    const { id, displayName, userPrincipalName, givenName, surname, mail } = await signedInUser(call);
    // Section 5.3.2: the same `sub` as in the client's id_token.
    const sub = pairwiseSubject(id, call.caller.applicationId ?? '');
    const names = { name: displayName, preferred_username: userPrincipalName };
    return answer(200, { sub, ...names, given_name: givenName, family_name: surname, email: mail });
  },
};

export const userOperations: readonly GraphOperation[] = [
  getMe,
  listCollection(users),
  getObject(users),
  createUser,
  updateUser,
  deleteObject(users),
  getMemberGroups(users),
  revokeSignInSessions,
];
