import { findObject } from '../directory/objects.ts';
import type { UserRecord } from '../directory/records.ts';
import type { GraphCall, GraphOperation } from './operation.ts';
import { answer, entity } from './outcome.ts';
import { GraphRefused } from './refusal.ts';
import { resources } from './resource.ts';
import { refuseOptions, select } from './select.ts';

/** The user who is signed in. */
export const getMe: GraphOperation = {
  method: 'GET',
  path: '/me',
  access: 'read',
  async run(call) {
    refuseOptions(call, ['$select']);
    const user = await signedInUser(call);
    return answer(200, entity(call, 'users/$entity', select(call, resources.user(user))));
  },
};

/** @throws {GraphRefused} for a caller that is an application */
export async function signedInUser({ store, tenantId, caller }: GraphCall): Promise<UserRecord> {
  const found = await findObject(store, { tenantId, kind: 'user' }, caller.objectId);
  if (found === undefined) throw new GraphRefused({ kind: 'notUser' });
  return found.record;
}
