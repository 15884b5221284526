import { objectOf } from '../get.ts';
import { listOutcome } from '../list.ts';
import type { GraphOperation } from '../operation.ts';
import { federatedResource } from '../resource.ts';
import { refuseOptions } from '../select.ts';
import { credentialsPath } from './credential.ts';

export const listFederatedIdentityCredentials: GraphOperation = {
  method: 'GET',
  path: credentialsPath,
  access: 'read',
  async run(call) {
    refuseOptions(call, []);
    const { record } = await objectOf(call, 'application');
    const value = record.federatedIdentityCredentials.map(federatedResource);
    return listOutcome(call, { context: 'federatedIdentityCredentials', value, next: undefined });
  },
};
