import { randomBytes, randomUUID } from 'node:crypto';
import { headerBinding } from '../../directory/bindings.ts';
import { deleteClient, registerClient } from '../../directory/client-registration.ts';
import { findClient } from '../../directory/clients.ts';
import type { Client } from '../../directory/clients.ts';
import { directoryIds, findByName, putObject } from '../../directory/objects.ts';
import { hashClientSecret, matchesHash } from '../../directory/secret.ts';
import type { SeedIdentity } from '../../seed/seed-file.ts';
import { readerClientId } from '../reader.ts';
import { SeedRefused } from './applying.ts';
import type { Applying } from './applying.ts';
import type { MadeIdentity } from './made.ts';

interface NamedIdentity {
  readonly name: string;
  readonly identity: SeedIdentity;
  readonly path: readonly string[];
}

/**
 * Makes an identity, or gives it the secret that the seed names. An identity with a secret is an application; another one is
 * the system-assigned managed identity of a web site of its name, so that a program gets it without naming it.
 */
export async function applyIdentity(applying: Applying, name: string, identity: SeedIdentity): Promise<void> {
  const { store, scope } = applying;
  const path = ['identities', name];
  const made = applying.made.identity(name);
  refuseOtherId(made?.clientId, identity.clientId, [...path, 'clientId']);
  const clientId = identity.clientId ?? made?.clientId;
  const client = clientId === undefined ? undefined : await findClient(store, scope.identity.tenantId, clientId);
  const named = { name, identity, path };
  if (client?.objectId === undefined) await addIdentity(applying, named);
  else await changeIdentity(applying, { ...client, objectId: client.objectId }, named);
}

function refuseOtherId(known: string | undefined, wanted: string | undefined, path: readonly string[]): void {
  if (known === undefined || wanted === undefined || known === wanted) return;
  throw new SeedRefused(
    path,
    `its id is ${known}, and an id cannot be changed: write that, leave it out, or choose another name`,
  );
}

async function addIdentity(applying: Applying, { name, identity, path }: NamedIdentity): Promise<void> {
  const { store, scope, place } = applying;
  const { tenantId, subscriptionId } = scope.identity;
  const { clientSecret, clientId = randomUUID(), objectId = randomUUID() } = identity;
  if (clientSecret === null) {
    throw new SeedRefused(
      [...path, 'clientSecret'],
      'null keeps the secret that the identity has, and there is no such identity: write its secret',
    );
  }
  if ((await directoryIds(store, tenantId, [objectId])).has(objectId)) {
    throw new SeedRefused(
      [...path, 'objectId'],
      `${objectId} is, or was, the id of something else: choose another, or leave it out`,
    );
  }
  const ids = { tenantId, clientId, objectId, displayName: name };
  const identityHeader = randomBytes(24).toString('base64url');
  const isManaged = clientSecret === undefined;
  await registerClient(store, {
    ...ids,
    ...(isManaged
      ? {
          managedIdentity: `/subscriptions/${subscriptionId}/resourceGroups/${place.resourceGroup}/providers/Microsoft.Web/sites/${name}`,
          bindings: [headerBinding(identityHeader)],
        }
      : { secrets: [clientSecret] }),
  });
  applying.made.addIdentity({ name, clientId, objectId, ...(isManaged && { identityHeader }) });
  await applying.commit(
    { path, done: 'added' },
    undefined,
    recordOf('Add service principal', { id: objectId, displayName: name }),
  );
}

type ExistingClient = Client & { readonly objectId: string };

async function changeIdentity(
  applying: Applying,
  client: ExistingClient,
  { name, identity, path }: NamedIdentity,
): Promise<void> {
  const { store, scope } = applying;
  const { clientSecret } = identity;
  const { clientId, objectId } = client;
  if ([scope.identity.clientId, scope.developer?.clientId, await readerClientId(store)].includes(clientId)) {
    throw new SeedRefused([...path, 'clientId'], `${clientId} is an identity of the server itself: choose another`);
  }
  refuseOtherId(objectId, identity.objectId, [...path, 'objectId']);
  const isManaged = client.managedIdentity !== undefined;
  if (isManaged !== (clientSecret === undefined)) {
    const rule = isManaged
      ? 'it is a managed identity, which has no clientSecret: leave that out, or choose another name'
      : 'it is an application, which needs its clientSecret: write it, or null to keep the one that it has';
    throw new SeedRefused(path, rule);
  }
  if (applying.made.identity(name) === undefined) {
    applying.made.addIdentity({ name, clientId, objectId, existing: true });
  }
  if (typeof clientSecret !== 'string' || (await hasSecret(client, clientSecret))) {
    applying.unchanged(path);
    return;
  }
  const application = await findByName(store, { tenantId: client.tenantId, kind: 'application' }, clientId);
  if (application === undefined) throw new SeedRefused(path, 'it has no application, so it can have no secret');
  const passwordCredentials = [{ keyId: randomUUID(), hash: await hashClientSecret(clientSecret) }];
  const change = putObject('application', { ...application.record, passwordCredentials }, application);
  const recorded = recordOf('Add service principal credentials', { id: objectId, displayName: client.displayName });
  await applying.commit({ path, done: 'changed' }, change, recorded);
}

async function hasSecret({ secrets }: Client, wanted: string): Promise<boolean> {
  for (const { hash } of secrets) if (await matchesHash(wanted, hash)) return true;
  return false;
}

/** Removes an identity that a seed made, and forgets one that it found. */
export async function removeIdentity(applying: Applying, identity: MadeIdentity): Promise<void> {
  const { store, scope } = applying;
  applying.made.forgetIdentity(identity.name);
  if (identity.existing === true) return;
  await deleteClient(store, { tenantId: scope.identity.tenantId, clientId: identity.clientId });
  const recorded = recordOf('Remove service principal', { id: identity.objectId, displayName: identity.name });
  await applying.commit({ path: ['identities', identity.name], done: 'removed' }, undefined, recorded);
}

function recordOf(operationName: string, target: { readonly id: string; readonly displayName: string }) {
  return {
    log: 'directory',
    operationName,
    category: 'ApplicationManagement',
    type: 'ServicePrincipal',
    ...target,
  } as const;
}
