import { merge } from '../store/store.ts';
import type { Store, Transaction } from '../store/store.ts';
import { tooManyCertificates } from './credentials.ts';
import { federatedCredentialsMax } from './federated-credentials.ts';
import { isName } from './keys.ts';
import { changeObject, findByName, putObject, removeObject } from './objects.ts';
import type { Changed, Stored } from './objects.ts';
import type { ApplicationRecord, RedirectUris } from './records.ts';
import type { DirectoryRefusal } from './refusal.ts';
import { redirectUriRule } from './redirect-uris.ts';

export type ApplicationProperties = Partial<
  Pick<
    ApplicationRecord,
    | 'displayName'
    | 'identifierUris'
    | 'redirectUris'
    | 'isFallbackPublicClient'
    | 'keyCredentials'
    | 'federatedIdentityCredentials'
  >
>;

export interface NewApplication extends ApplicationProperties {
  readonly id: string;
  readonly tenantId: string;
  readonly appId: string;
  readonly displayName: string;
}

export const noRedirectUris: RedirectUris = { publicClient: [], web: [], spa: [] };

const nameLengthMax = 256;
const identifierUrisMax = 50;
const redirectUrisMax = 256;

/** Registers an application. `now` in milliseconds since 1970. */
export async function createApplication(
  store: Store,
  application: NewApplication,
  now: number,
): Promise<Changed<ApplicationRecord>> {
  const refusal = propertyRefusal(application);
  if (refusal !== undefined) return { ok: false, refusal };
  const record: ApplicationRecord = {
    identifierUris: [],
    redirectUris: noRedirectUris,
    isFallbackPublicClient: false,
    keyCredentials: [],
    federatedIdentityCredentials: [],
    ...application,
    createdAt: now,
    passwordCredentials: [],
  };
  return changeObject(store, { kind: 'application', record, before: undefined });
}

/** Changes an application, and the names of its service principal to match. */
export async function updateApplication(
  store: Store,
  before: Stored<'application'>,
  properties: ApplicationProperties,
): Promise<Changed<ApplicationRecord>> {
  const refusal = propertyRefusal(properties);
  if (refusal !== undefined) return { ok: false, refusal };
  const record: ApplicationRecord = { ...before.record, ...properties };
  const changed = await changeObject(store, { kind: 'application', record, before });
  if (!changed.ok) return changed;
  const { tenantId, appId, displayName, identifierUris } = record;
  const principal = await findByName(store, { tenantId, kind: 'servicePrincipal' }, appId);
  if (principal === undefined) return changed;
  const renamed = { ...principal.record, displayName, servicePrincipalNames: [appId, ...identifierUris] };
  const principalChange = putObject('servicePrincipal', renamed, principal);
  return { ...changed, change: merge(changed.change, principalChange) };
}

/** Removes an application and its service principal. */
export async function deleteApplication(store: Store, stored: Stored<'application'>): Promise<Transaction> {
  const { tenantId, appId } = stored.record;
  const change = await removeObject(store, 'application', stored);
  const principal = await findByName(store, { tenantId, kind: 'servicePrincipal' }, appId);
  return principal === undefined ? change : merge(change, await removeObject(store, 'servicePrincipal', principal));
}

function propertyRefusal(properties: ApplicationProperties): DirectoryRefusal | undefined {
  const { displayName, identifierUris = [], redirectUris, keyCredentials = [] } = properties;
  const { federatedIdentityCredentials = [] } = properties;
  const invalid = (property: string, rule: string) => ({ kind: 'propertyInvalid' as const, property, rule });
  if (displayName !== undefined && (displayName === '' || displayName.length > nameLengthMax)) {
    return invalid('displayName', `it must have 1 to ${nameLengthMax} characters`);
  }
  const notUri = identifierUris.find((uri) => !isName(uri) || !URL.canParse(uri));
  if (notUri !== undefined) return invalid('identifierUris', `'${notUri}' is not a URI, such as api://<appId>`);
  if (identifierUris.length > identifierUrisMax) {
    return { kind: 'tooMany', what: 'identifierUris', max: identifierUrisMax };
  }
  for (const type of ['publicClient', 'web', 'spa'] as const) {
    const uris = redirectUris?.[type] ?? [];
    if (uris.length > redirectUrisMax) return { kind: 'tooMany', what: `${type}.redirectUris`, max: redirectUrisMax };
    const rule = uris.map(redirectUriRule).find((broken) => broken !== undefined);
    if (rule !== undefined) return invalid(`${type}.redirectUris`, rule);
  }
  if (tooManyCertificates(keyCredentials)) return { kind: 'tooMany', what: 'keyCredentials', max: 16 };
  if (federatedIdentityCredentials.length > federatedCredentialsMax) {
    return { kind: 'tooMany', what: 'federatedIdentityCredentials', max: federatedCredentialsMax };
  }
  return undefined;
}
