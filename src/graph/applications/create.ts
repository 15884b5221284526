import { createApplication as create } from '../../directory/applications.ts';
import { activities } from '../activities.ts';
import { required } from '../body.ts';
import type { GraphOperation } from '../operation.ts';
import { answer, entity, targetOf } from '../outcome.ts';
import { resources } from '../resource.ts';
import { applicationPropertiesOf } from './properties.ts';

export const createApplication: GraphOperation = {
  method: 'POST',
  path: '/applications',
  access: 'write',
  activity: () => activities.addApplication,
  async run(call) {
    const { store, tenantId, now, newId } = call;
    const properties = applicationPropertiesOf(call.body, { newId });
    const displayName = required(properties.displayName, 'displayName');
    const made = await create(store, { ...properties, id: newId(), appId: newId(), tenantId, displayName }, now);
    if (!made.ok) return made;
    const shown = entity(call, 'applications/$entity', resources.application(made.value));
    return { ...answer(201, shown), change: made.change, targets: [targetOf(made.value)] };
  },
};
