import { federatedCredentialFault, federatedCredentialsMax } from '../../directory/federated-credentials.ts';
import type { FederatedCredentialFault } from '../../directory/federated-credentials.ts';
import { findObject, putObject } from '../../directory/objects.ts';
import type { Stored } from '../../directory/objects.ts';
import type { FederatedIdentityCredential } from '../../directory/records.ts';
import { array, object, optional, string } from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import { readRecords } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { resourceId, resourceKey } from '../keys.ts';
import type { PrincipalsChanged } from './principals.ts';
import { readAt, refuseResource } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';

const requestedCredential = object({
  issuer: optional(string),
  subject: optional(string),
  audiences: optional(array(string)),
});

/** The `properties` of a user-assigned identity's federated credential. `putFederatedCredential` checks which are required. */
export const federatedProperties: Shape<ResourceRecord['properties']> = (value) => requestedCredential(value ?? {});

/**
 * Copies a federated credential to the service principal of its user-assigned identity, new or in place of the old one.
 * One record has all credentials of the principal, so simultaneous changes are decided one after the other.
 */
export async function putFederatedCredential(
  draft: ResourceRecord,
  store: Store,
): Promise<ResourceOutcome<PrincipalsChanged>> {
  const read = readAt(requestedCredential, draft.properties, 'properties');
  if (!read.ok) return read;
  const { issuer, subject, audiences } = read.value;
  if (!issuer || !subject || audiences === undefined) {
    return invalid(
      "The request format was unexpected. Federated Identity Credential must specify 'issuer', 'subject' and 'audience'.",
    );
  }
  const stored = await principalAbove(draft, store);
  if (stored === undefined) {
    return invalid(
      `The identity of ${resourceId(draft)} has no service principal. PUT the identity again, then this credential.`,
    );
  }
  const credential = { id: draft.guid, name: draft.names.at(-1) ?? '', issuer, subject, audiences };
  const others = credentialsOf(stored).filter(({ id }) => id !== credential.id);
  const fault = federatedCredentialFault(credential, others);
  if (fault !== undefined) return invalid(messages[fault.kind](fault, credential));
  if (others.length >= federatedCredentialsMax) {
    return invalid(
      `The identity of ${resourceId(draft)} has ${federatedCredentialsMax} federated identity credentials, the maximum. Delete one first.`,
    );
  }
  return { ok: true, value: withCredentials(stored, [...others, credential]) };
}

/** Removes the credential from the service principal of its identity. */
export async function deleteFederatedCredential(resource: ResourceRecord, store: Store): Promise<PrincipalsChanged> {
  const stored = await principalAbove(resource, store);
  if (stored === undefined) return { change: {}, principals: [] };
  return withCredentials(
    stored,
    credentialsOf(stored).filter(({ id }) => id !== resource.guid),
  );
}

async function principalAbove(
  { type, names, ...place }: ResourceRecord,
  store: Store,
): Promise<Stored<'servicePrincipal'> | undefined> {
  const key = resourceKey(place, type.slice(0, type.lastIndexOf('/')), names.slice(0, -1));
  const [record] = await readRecords(store, { get: [key] });
  if (record === undefined) return undefined;
  const { principalId = '', tenantId = '' } = record.value.made;
  return findObject(store, { tenantId, kind: 'servicePrincipal' }, principalId);
}

function credentialsOf({ record }: Stored<'servicePrincipal'>): readonly FederatedIdentityCredential[] {
  return record.federatedIdentityCredentials ?? [];
}

function withCredentials(
  stored: Stored<'servicePrincipal'>,
  federatedIdentityCredentials: readonly FederatedIdentityCredential[],
): PrincipalsChanged {
  const { id, displayName } = stored.record;
  return {
    change: putObject('servicePrincipal', { ...stored.record, federatedIdentityCredentials }, stored),
    principals: [{ activity: 'Update service principal', id, displayName }],
  };
}

type MessageOf = (fault: FederatedCredentialFault, credential: FederatedIdentityCredential) => string;

/** Before the colon, Microsoft's words ("Important considerations and restrictions for federated identity credentials", "Errors"). */
const messages: Readonly<Record<FederatedCredentialFault['kind'], MessageOf>> = {
  malformed: ({ property, rule }, { name }) =>
    property === 'name'
      ? `Federated Identity Credential name '${name}' is invalid: ${rule}.`
      : `Invalid value found at properties.${property}: ${rule}.`,
  audienceNotOne: () => 'Federated identity credentials must have exactly one audience.',
  nameTaken: ({ rule }) => `The credential cannot be created: ${rule}.`,
  subjectTaken: ({ rule }) => `Issuer and subject combination already exists for this Managed Identity: ${rule}.`,
};

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}
