import { randomUUID } from 'node:crypto';
import { headerBinding, workloadBinding } from '../directory/bindings.ts';
import { deleteClient, putClient } from '../directory/client-registration.ts';
import { findClient } from '../directory/clients.ts';
import { isDirectoryId } from '../directory/keys.ts';
import { removeMember } from '../directory/memberships.ts';
import type { Settings } from '../settings/settings.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import type { Store } from '../store/store.ts';

/** A client that the configuration file named at the last start. */
interface Registered {
  readonly clientId: string;
  readonly tenantId: string;
  readonly objectId: string;
  readonly groups: readonly string[];
}

const registeredKey = recordKind<readonly Registered[]>({
  pattern: 'setup/registered-clients',
  owner: 'setup',
  holds: 'the clients that the configuration file named at the last start',
}).key();

/**
 * Updates the directory to the clients of the configuration file: registers those that are new or changed, removes those
 * that the file no longer has, and removes clients from groups that it no longer lists for them. A client without
 * `objectId` gets one that stays the same.
 */
export async function registerClients(
  store: Store,
  clients: Settings['clients'],
  { tenantId, readFile }: { readonly tenantId: string; readonly readFile: (path: string) => string },
): Promise<void> {
  const [record] = await readRecords(store, { get: [registeredKey] });
  const before = record?.value ?? [];
  if (before.length === 0 && clients.length === 0) return;
  const named = await Promise.all(clients.map((client) => registeredOf(store, client, tenantId)));
  // Stored first, so that none is forgotten after a crash.
  await store.transact({ put: [recordPut(registeredKey, [...before, ...named])] });
  for (const old of before) {
    const now = named.find(({ clientId, tenantId: tenant }) => clientId === old.clientId && tenant === old.tenantId);
    if (now === undefined) await deleteClient(store, old);
    else await leaveGroups(store, old, now);
  }
  for (const [index, client] of clients.entries()) {
    const certificates = client.certificate === undefined ? [] : [readFile(client.certificate)];
    await putConfigured(store, { client, certificates }, named[index]);
  }
  await store.transact({ put: [recordPut(registeredKey, named)] });
}

type ConfiguredClient = Settings['clients'][number];

async function registeredOf(store: Store, client: ConfiguredClient, homeTenant: string): Promise<Registered> {
  const { clientId, tenantId = homeTenant, groups } = client;
  const known = await findClient(store, tenantId, clientId);
  return { clientId, tenantId, objectId: client.objectId ?? known?.objectId ?? randomUUID(), groups };
}

async function putConfigured(
  store: Store,
  { client, certificates }: { readonly client: ConfiguredClient; readonly certificates: readonly string[] },
  named: Registered | undefined,
): Promise<void> {
  if (named === undefined) return;
  const { clientId, displayName = clientId, secret, managedIdentity, identityHeader } = client;
  const { workloads, redirectUris, publicClient, federatedCredentials } = client;
  await putClient(store, {
    ...named,
    displayName,
    secrets: secret === undefined ? [] : [secret],
    certificates,
    ...(managedIdentity !== undefined && { managedIdentity }),
    bindings: [
      ...(identityHeader === undefined ? [] : [headerBinding(identityHeader)]),
      ...workloads.map(({ subnet, address }) => workloadBinding(subnet, address)),
    ],
    ...(redirectUris !== undefined && { redirectUris }),
    ...(publicClient !== undefined && { publicClient }),
    federatedCredentials,
  });
}

async function leaveGroups(store: Store, old: Registered, now: Registered): Promise<void> {
  const { tenantId, objectId: member } = old;
  for (const group of old.groups.filter((id) => isDirectoryId(id) && !now.groups.includes(id))) {
    const left = await removeMember(store, { tenantId, group, member });
    if (left.ok) await store.transact(left.change);
  }
}
