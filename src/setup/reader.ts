import { randomBytes, randomUUID } from 'node:crypto';
import { registerClient } from '../directory/client-registration.ts';
import { findClient } from '../directory/clients.ts';
import { readAuthorization, roleAtStart, roleReplaced } from '../resources/authorization/authorization.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Identity } from './identity.ts';

/**
 * The client that reads the networks for the fabric, so that this takes no administrator's secret. Its only right is
 * the role Postern Network Reader on the subscription.
 */
export interface Reader {
  readonly clientId: string;
  readonly clientSecret: string;
}

const readerKey = recordKind<Reader>({
  pattern: 'setup/reader',
  owner: 'setup',
  holds: 'the client that reads the networks for the fabric',
}).key();

/** The client `fabric` of a server: made once, so that an administrator may also delete it. */
export async function openReader(store: Store, identity: Identity, now: number): Promise<Reader> {
  const [record] = await readRecords(store, { get: [readerKey] });
  if (record !== undefined) {
    await limitRights(store, identity, record.value);
    return record.value;
  }
  const { tenantId, subscriptionId } = identity;
  const [clientId, objectId] = [randomUUID(), randomUUID()];
  // Hexadecimal, for a command line takes a value that begins with a hyphen for an option.
  const clientSecret = randomBytes(24).toString('hex');
  await registerClient(store, { tenantId, clientId, objectId, displayName: 'fabric', secrets: [clientSecret] });
  const role = roleAtStart(subscriptionId, { role: 'networkReader', principalId: objectId, name: randomUUID(), now });
  const reader = { clientId, clientSecret };
  await store.transact({ require: [{ key: readerKey, version: null }], put: [recordPut(readerKey, reader), ...role] });
  return reader;
}

/** Its client id, where the server has made it. */
export async function readerClientId(store: Pick<Store, 'read'>): Promise<string | undefined> {
  const [record] = await readRecords(store, { get: [readerKey] });
  return record?.value.clientId;
}

/** An earlier version gave it the role Reader, which reads everything. */
async function limitRights(store: Store, { tenantId, subscriptionId }: Identity, { clientId }: Reader): Promise<void> {
  const client = await findClient(store, tenantId, clientId);
  const authorization = await readAuthorization(store, subscriptionId);
  if (client?.objectId === undefined || authorization === undefined) return;
  const principalId = client.objectId.toLowerCase();
  const change = roleReplaced(authorization, { principalId, from: 'reader', to: 'networkReader' });
  if (change !== undefined) await store.transact(change);
}
