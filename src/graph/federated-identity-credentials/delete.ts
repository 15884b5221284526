import { updateApplication } from '../../directory/applications.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done } from '../outcome.ts';
import { credentialOf, credentialPath } from './credential.ts';

export const deleteFederatedIdentityCredential: GraphOperation = {
  method: 'DELETE',
  path: credentialPath,
  access: 'write',
  async run(call) {
    const stored = await objectOf(call, 'application');
    const gone = credentialOf(call, stored);
    const kept = stored.record.federatedIdentityCredentials.filter(({ id }) => id !== gone.id);
    return done(await updateApplication(call.store, stored, { federatedIdentityCredentials: kept }));
  },
};
