import { createServicePrincipal as create } from '../../directory/service-principals.ts';
import { activities } from '../activities.ts';
import { flag, object, required, text } from '../body.ts';
import type { GraphOperation } from '../operation.ts';
import { answer, entity, targetOf } from '../outcome.ts';
import { resources } from '../resource.ts';

const read = object({ accountEnabled: flag, appId: text });

export const createServicePrincipal: GraphOperation = {
  method: 'POST',
  path: '/servicePrincipals',
  access: 'write',
  activity: () => activities.addServicePrincipal,
  async run(call) {
    const { store, tenantId, now, newId } = call;
    const { appId, accountEnabled = true } = read(call.body, '');
    const asked = { id: newId(), tenantId, appId: required(appId, 'appId'), accountEnabled };
    const made = await create(store, asked, now);
    if (!made.ok) return made;
    const shown = entity(call, 'servicePrincipals/$entity', resources.servicePrincipal(made.value));
    return { ...answer(201, shown), change: made.change, targets: [targetOf(made.value)] };
  },
};
