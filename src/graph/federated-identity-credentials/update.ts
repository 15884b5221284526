import { activities } from '../activities.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { done, targetOf } from '../outcome.ts';
import { credentialOf, credentialPath, putCredential, readCredential } from './credential.ts';

export const updateFederatedIdentityCredential: GraphOperation = {
  method: 'PATCH',
  path: credentialPath,
  access: 'write',
  activity: () => activities.updateApplication,
  async run(call) {
    const stored = await objectOf(call, 'application');
    const credential = { ...credentialOf(call, stored), ...readCredential(call.body, '') };
    return done(await putCredential(call, stored, credential), targetOf(stored.record));
  },
};
