import {
  createApplication as create,
  deleteApplication as remove,
  updateApplication as update,
} from '../directory/applications.ts';
import type { ApplicationProperties } from '../directory/applications.ts';
import { readCertificate } from '../directory/credentials.ts';
import type { Shaped } from '../shape/shape.ts';
import type { ApplicationRecord, KeyCredential } from '../directory/records.ts';
import { activities, deletions } from './activities.ts';
import { bodyOf, dateTime, emptyList, flag, invalid, list, object, only, required, boundedString } from './body.ts';
import { applications } from './collections.ts';
import { listCollection } from './list.ts';
import { created, getObject, objectOf } from './objects.ts';
import { answer, done, targetOf } from './operation.ts';
import type { GraphOperation } from './operation.ts';
import { addPassword, removePassword } from './passwords.ts';

const redirects = object({ redirectUris: list(boundedString) });

const keyCredential = object({
  customKeyIdentifier: boundedString,
  displayName: boundedString,
  endDateTime: dateTime,
  key: boundedString,
  keyId: boundedString,
  startDateTime: dateTime,
  type: only('AsymmetricX509Cert'),
  usage: only('Verify'),
});

const read = bodyOf({
  api: object({ requestedAccessTokenVersion: only(1) }),
  appRoles: emptyList,
  displayName: boundedString,
  identifierUris: list(boundedString),
  isFallbackPublicClient: flag,
  keyCredentials: list(keyCredential),
  publicClient: redirects,
  requiredResourceAccess: emptyList,
  signInAudience: only('AzureADMyOrg'),
  spa: redirects,
  tags: emptyList,
  web: redirects,
});

/** The properties in a body; `before` is the application that it changes. */
function applicationPropertiesOf(
  body: unknown,
  { before, newId }: { readonly before?: ApplicationRecord; readonly newId: () => string },
): ApplicationProperties {
  const { displayName, identifierUris, isFallbackPublicClient, keyCredentials, publicClient, spa, web } = read(body);
  const redirectUris = {
    publicClient: publicClient?.redirectUris ?? before?.redirectUris.publicClient ?? [],
    spa: spa?.redirectUris ?? before?.redirectUris.spa ?? [],
    web: web?.redirectUris ?? before?.redirectUris.web ?? [],
  };
  const known = before?.keyCredentials ?? [];
  return {
    ...(displayName !== undefined && { displayName }),
    ...(identifierUris !== undefined && { identifierUris }),
    ...(isFallbackPublicClient !== undefined && { isFallbackPublicClient }),
    ...(keyCredentials !== undefined && {
      keyCredentials: keyCredentials.map((given, index) => keyCredentialOf(given, { known, newId, index })),
    }),
    redirectUris,
  };
}

/** A key credential in a body. One without a key, as Graph shows it, refers to the existing one. */
function keyCredentialOf(
  given: Shaped<typeof keyCredential>,
  {
    known,
    newId,
    index,
  }: { readonly known: readonly KeyCredential[]; readonly newId: () => string; readonly index: number },
): KeyCredential {
  const at = `keyCredentials[${index}].key`;
  const kept = known.find(({ keyId }) => keyId === given.keyId?.toLowerCase());
  if (given.key === undefined) return kept ?? invalid(at, 'A value is required');
  const { keyId = newId(), displayName } = given;
  const certificate = readCertificate(Buffer.from(given.key, 'base64'), { keyId: keyId.toLowerCase(), displayName });
  if (!certificate.ok) return invalid(at, certificate.rule);
  const { startDateTime, endDateTime } = given;
  return {
    ...certificate.credential,
    ...(startDateTime !== undefined && { startDateTime }),
    ...(endDateTime !== undefined && { endDateTime }),
  };
}

const createApplication: GraphOperation = {
  method: 'POST',
  path: '/applications',
  access: 'write',
  activity: () => activities.addApplication,
  async run(call) {
    const { store, tenantId, nowMs, newId } = call;
    const properties = applicationPropertiesOf(call.body, { newId });
    const displayName = required(properties.displayName, 'displayName');
    const application = { ...properties, id: newId(), appId: newId(), tenantId, displayName };
    return created(call, applications, await create(store, application, nowMs));
  },
};

const updateApplication: GraphOperation = {
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

/** Deletes an application and its service principal. */
const deleteApplication: GraphOperation = {
  method: 'DELETE',
  path: '/applications/:id',
  access: 'write',
  activity: () => deletions.application,
  async run(call) {
    const stored = await objectOf(call, 'application');
    return { ...answer(204), change: await remove(call.store, stored), targets: [targetOf(stored.record)] };
  },
};

export const applicationOperations: readonly GraphOperation[] = [
  listCollection(applications),
  getObject(applications),
  createApplication,
  updateApplication,
  deleteApplication,
  addPassword(applications),
  removePassword(applications),
];
