import { activities } from '../activities.ts';
import { required } from '../body.ts';
import { objectOf } from '../get.ts';
import type { GraphOperation } from '../operation.ts';
import { answer, entity, targetOf } from '../outcome.ts';
import { federatedResource } from '../resource.ts';
import { credentialsPath, putCredential, readCredential } from './credential.ts';

/** A token of that issuer is the application then, where the configuration of this server trusts the issuer. */
export const createFederatedIdentityCredential: GraphOperation = {
  method: 'POST',
  path: credentialsPath,
  access: 'write',
  activity: () => activities.updateApplication,
  async run(call) {
    const { name, issuer, subject, audiences, ...rest } = readCredential(call.body, '');
    const credential = {
      ...rest,
      id: call.newId(),
      name: required(name, 'name'),
      issuer: required(issuer, 'issuer'),
      subject: required(subject, 'subject'),
      audiences: required(audiences, 'audiences'),
    };
    const stored = await objectOf(call, 'application');
    const changed = await putCredential(call, stored, credential);
    if (!changed.ok) return changed;
    const shown = entity(call, 'federatedIdentityCredentials/$entity', federatedResource(credential));
    return { ...answer(201, shown), change: changed.change, targets: [targetOf(stored.record)] };
  },
};
