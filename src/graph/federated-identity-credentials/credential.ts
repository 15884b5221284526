import { updateApplication } from '../../directory/applications.ts';
import { federatedBreach } from '../../directory/federated-credentials.ts';
import type { Changed, Stored } from '../../directory/objects.ts';
import type { ApplicationRecord, FederatedIdentityCredential } from '../../directory/records.ts';
import { invalid, list, object, text } from '../body.ts';
import type { GraphCall } from '../operation.ts';
import { GraphRefused } from '../refusal.ts';

export const credentialsPath = '/applications/:id/federatedIdentityCredentials';
export const credentialPath = `${credentialsPath}/:credentialId`;

/** What a body says of a credential. */
export const readCredential = object({
  audiences: list(text),
  description: text,
  issuer: text,
  name: text,
  subject: text,
});

/**
 * The credential that a path names, by id or name.
 * @throws {GraphRefused} when there is none
 */
export function credentialOf({ params }: GraphCall, { record }: Stored<'application'>): FederatedIdentityCredential {
  const { credentialId = '' } = params;
  const found = record.federatedIdentityCredentials.find(
    ({ id, name }) => id === credentialId || name === credentialId,
  );
  if (found === undefined) throw new GraphRefused({ kind: 'objectNotFound', id: credentialId });
  return found;
}

/** Puts a credential into the application's list, in the place of the one of its id. */
export function putCredential(
  { store }: GraphCall,
  stored: Stored<'application'>,
  credential: FederatedIdentityCredential,
): Promise<Changed<ApplicationRecord>> {
  const others = stored.record.federatedIdentityCredentials.filter(({ id }) => id !== credential.id);
  const breach = federatedBreach(credential, others);
  if (breach !== undefined) invalid(breach.property, breach.rule);
  return updateApplication(store, stored, { federatedIdentityCredentials: [...others, credential] });
}
