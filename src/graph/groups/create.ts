import { createGroup as create } from '../../directory/groups.ts';
import { activities } from '../activities.ts';
import { required } from '../body.ts';
import type { GraphOperation } from '../operation.ts';
import { answer, entity, targetOf } from '../outcome.ts';
import { resources } from '../resource.ts';
import { groupPropertiesOf } from './properties.ts';

export const createGroup: GraphOperation = {
  method: 'POST',
  path: '/groups',
  access: 'write',
  activity: () => activities.addGroup,
  async run(call) {
    const { store, tenantId, now, newId } = call;
    const properties = groupPropertiesOf(call.body);
    const displayName = required(properties.displayName, 'displayName');
    const mailNickname = required(properties.mailNickname, 'mailNickname');
    const made = await create(store, { ...properties, id: newId(), tenantId, displayName, mailNickname }, now);
    if (!made.ok) return made;
    return {
      ...answer(201, entity(call, 'groups/$entity', resources.group(made.value))),
      change: made.change,
      targets: [targetOf(made.value)],
    };
  },
};
