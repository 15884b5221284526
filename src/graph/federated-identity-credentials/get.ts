import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { answer, entity } from '../outcome.ts';
import { federatedResource } from '../resource.ts';
import { credentialOf, credentialPath } from './credential.ts';

export const getFederatedIdentityCredential: GraphOperation = {
  method: 'GET',
  path: credentialPath,
  access: 'read',
  async run(call) {
    const credential = credentialOf(call, await objectOf(call, 'application'));
    return answer(200, entity(call, 'federatedIdentityCredentials/$entity', federatedResource(credential)));
  },
};
