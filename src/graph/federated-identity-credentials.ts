import { updateApplication } from '../directory/applications.ts';
import { federatedCredentialFault } from '../directory/federated-credentials.ts';
import type { Changed, Stored } from '../directory/objects.ts';
import type { ApplicationRecord, FederatedIdentityCredential } from '../directory/records.ts';
import { Refused } from '../edge/edge.ts';
import { activities } from './activities.ts';
import { bodyOf, invalid, list, required, boundedString } from './body.ts';
import { listAnswer } from './list.ts';
import { objectOf } from './objects.ts';
import { answer, done, entity, orRefuse, targetOf } from './operation.ts';
import type { GraphCall, GraphOperation } from './operation.ts';
import { refuseOptions } from './query.ts';
import type { GraphRefusal } from './refusal.ts';
import { federatedResource } from './resource.ts';

const credentialsPath = '/applications/:id/federatedIdentityCredentials';
const credentialPath = `${credentialsPath}/:credentialId`;

/** Reads a credential in a body. */
const readCredential = bodyOf({
  audiences: list(boundedString),
  description: boundedString,
  issuer: boundedString,
  name: boundedString,
  subject: boundedString,
});

/**
 * Finds the credential in a path, by id or name.
 * @throws {Refused} when it does not exist
 */
function credentialOf({ params }: GraphCall, { record }: Stored<'application'>): FederatedIdentityCredential {
  const { credentialId = '' } = params;
  const found = record.federatedIdentityCredentials.find(
    ({ id, name }) => id === credentialId || name === credentialId,
  );
  if (found === undefined) throw new Refused<GraphRefusal>({ kind: 'objectNotFound', id: credentialId });
  return found;
}

/** Adds a credential to the application, or replaces the one with its id. */
function putCredential(
  { store }: GraphCall,
  stored: Stored<'application'>,
  credential: FederatedIdentityCredential,
): Promise<Changed<ApplicationRecord>> {
  const others = stored.record.federatedIdentityCredentials.filter(({ id }) => id !== credential.id);
  const fault = federatedCredentialFault(credential, others);
  if (fault !== undefined) invalid(fault.property, fault.rule);
  return updateApplication(store, stored, { federatedIdentityCredentials: [...others, credential] });
}

const listCredentials: GraphOperation = {
  method: 'GET',
  path: credentialsPath,
  access: 'read',
  async run(call) {
    refuseOptions(call, []);
    const { record } = await objectOf(call, 'application');
    const value = record.federatedIdentityCredentials.map(federatedResource);
    return listAnswer(call, { context: 'federatedIdentityCredentials', value, next: undefined });
  },
};

const getCredential: GraphOperation = {
  method: 'GET',
  path: credentialPath,
  access: 'read',
  async run(call) {
    const credential = credentialOf(call, await objectOf(call, 'application'));
    return answer(200, shownCredential(call, credential));
  },
};

function shownCredential(call: GraphCall, credential: FederatedIdentityCredential): object {
  return entity(call, 'federatedIdentityCredentials/$entity', federatedResource(credential));
}

/** Creates a credential. It has an effect only if this server's configuration trusts the issuer. */
const createCredential: GraphOperation = {
  method: 'POST',
  path: credentialsPath,
  access: 'write',
  activity: () => activities.updateApplication,
  async run(call) {
    const { name, issuer, subject, audiences, ...rest } = readCredential(call.body);
    const credential = {
      ...rest,
      id: call.newId(),
      name: required(name, 'name'),
      issuer: required(issuer, 'issuer'),
      subject: required(subject, 'subject'),
      audiences: required(audiences, 'audiences'),
    };
    const stored = await objectOf(call, 'application');
    const { change } = orRefuse(await putCredential(call, stored, credential));
    return { ...answer(201, shownCredential(call, credential)), change, targets: [targetOf(stored.record)] };
  },
};

const updateCredential: GraphOperation = {
  method: 'PATCH',
  path: credentialPath,
  access: 'write',
  activity: () => activities.updateApplication,
  async run(call) {
    const stored = await objectOf(call, 'application');
    const credential = { ...credentialOf(call, stored), ...readCredential(call.body) };
    return done(await putCredential(call, stored, credential), targetOf(stored.record));
  },
};

const deleteCredential: GraphOperation = {
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

export const federatedIdentityCredentialOperations: readonly GraphOperation[] = [
  listCredentials,
  getCredential,
  createCredential,
  updateCredential,
  deleteCredential,
];
