import { updateApplication } from '../../directory/applications.ts';
import { activities } from '../activities.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done, targetOf } from '../outcome.ts';
import { credentialOf, credentialPath } from './credential.ts';

export const deleteFederatedIdentityCredential: GraphOperation = {
  method: 'DELETE',
  path: credentialPath,
  access: 'write',
  activity: () => activities.updateApplication,
  async run(call) {
    const stored = await objectOf(call, 'application');
    const gone = credentialOf(call, stored);
    const kept = stored.record.federatedIdentityCredentials.filter(({ id }) => id !== gone.id);
    const changed = await updateApplication(call.store, stored, { federatedIdentityCredentials: kept });
    return done(changed, targetOf(stored.record));
  },
};
