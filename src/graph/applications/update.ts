import { updateApplication as update } from '../../directory/applications.ts';
import { activities } from '../activities.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done, targetOf } from '../outcome.ts';
import { applicationPropertiesOf } from './properties.ts';

export const updateApplication: GraphOperation = {
  method: 'PATCH',
  path: '/applications/:id',
  access: 'write',
  activity: (body) => ('keyCredentials' in body ? activities.certificatesAndSecrets : activities.updateApplication),
  async run(call) {
    const stored = await objectOf(call, 'application');
    const properties = applicationPropertiesOf(call.body, { before: stored.record, newId: call.newId });
    return done(await update(call.store, stored, properties), targetOf(stored.record));
  },
};
