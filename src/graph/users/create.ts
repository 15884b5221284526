import { createUser as create } from '../../directory/users.ts';
import { activities } from '../activities.ts';
import { required } from '../body.ts';
import type { GraphOperation } from '../operation.ts';
import { answer, entity, targetOf } from '../outcome.ts';
import { resources } from '../resource.ts';
import { userPropertiesOf } from './properties.ts';

export const createUser: GraphOperation = {
  method: 'POST',
  path: '/users',
  access: 'write',
  activity: () => activities.addUser,
  async run(call) {
    const { store, tenantId, now, newId } = call;
    const properties = userPropertiesOf(call.body);
    const userPrincipalName = required(properties.userPrincipalName, 'userPrincipalName');
    const displayName = required(properties.displayName, 'displayName');
    required(properties.password, 'passwordProfile.password');
    const user = { ...properties, id: newId(), tenantId, userPrincipalName, displayName };
    const made = await create(store, user, now);
    if (!made.ok) return made;
    return {
      ...answer(201, entity(call, 'users/$entity', resources.user(made.value))),
      change: made.change,
      targets: [targetOf(made.value)],
    };
  },
};
