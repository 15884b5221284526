import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deleteClient, findClient, putClient } from '../authority/clients.ts';
import type { Settings } from '../settings/settings.ts';
import { decode, encode } from '../store/store.ts';
import type { Store } from '../store/store.ts';

const registeredKey = 'setup/configured-clients';

/**
 * Makes the clients of the configuration file the authority's: those that are new or changed are registered, those that
 * the file does not name any more are removed. One without `objectId` gets one that stays.
 */
export async function registerClients(store: Store, clients: Settings['clients'], tenantId: string): Promise<void> {
  const [record] = await store.read({ get: [registeredKey] });
  const before = record === undefined ? [] : decode<readonly string[]>(record);
  const named = clients.map(({ clientId }) => clientId);
  if (before.length === 0 && named.length === 0) return;
  // First of all, so that after a crash none is forgotten.
  await store.transact({ put: [{ key: registeredKey, value: encode([...new Set([...before, ...named])]) }] });
  for (const client of clients) {
    const { clientId, displayName = clientId, secret, certificate, managedIdentity, groups } = client;
    const known = await findClient(store, clientId);
    await putClient(store, {
      clientId,
      objectId: client.objectId ?? known?.objectId ?? randomUUID(),
      tenantId: client.tenantId ?? tenantId,
      displayName,
      secrets: secret === undefined ? [] : [secret],
      certificates: certificate === undefined ? [] : [readFileSync(certificate, 'utf8')],
      groups,
      ...(managedIdentity !== undefined && { managedIdentity }),
    });
  }
  for (const clientId of before.filter((id) => !named.includes(id))) await deleteClient(store, clientId);
  await store.transact({ put: [{ key: registeredKey, value: encode(named) }] });
}
