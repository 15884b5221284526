import { randomBytes, randomUUID } from 'node:crypto';
import { addToGroups, registerClient } from '../directory/client-registration.ts';
import { findClient } from '../directory/clients.ts';
import { globalAdministrators } from '../directory/groups.ts';
import { groupsOf } from '../directory/memberships.ts';
import { firstOwner } from '../resources/authorization/authorization.ts';
import { subscriptionKey } from '../resources/keys.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { SubscriptionRecord } from '../types/resource-group.ts';

/**
 * The server's identity, created at the first start. The client is its administrator: the owner of the subscription, and
 * a member of the directory's group of administrators.
 */
export interface Identity {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly objectId: string;
  /** Whether the first start was to create the demo. */
  readonly demo: boolean;
}

const identityKey = recordKind<Identity>({
  pattern: 'setup/identity',
  owner: 'setup',
  holds: "the server's identity: its tenant, subscription and administrator",
}).key();

/** The server's identity; `undefined` before the first start. */
export async function readIdentity(store: Pick<Store, 'read'>): Promise<Identity | undefined> {
  const [record] = await readRecords(store, { get: [identityKey] });
  return record?.value;
}

/** Reads the server's identity; the first start creates it. */
export async function openIdentity(
  store: Store,
  options: { readonly demo: boolean; readonly now: number },
): Promise<Identity> {
  const identity = (await readIdentity(store)) ?? (await makeIdentity(store, options));
  const { tenantId, clientId, clientSecret, objectId } = identity;
  if ((await findClient(store, tenantId, clientId)) === undefined) {
    const secrets = [clientSecret];
    await registerClient(store, { tenantId, clientId, objectId, displayName: 'Postern administrator', secrets });
  }
  // Restores the membership if the directory's administrators removed it.
  const groups = await groupsOf(store, { tenantId, id: objectId });
  if (!groups.includes(globalAdministrators)) {
    await store.transact(await addToGroups(store, { tenantId, member: objectId, groups: [globalAdministrators] }));
  }
  return identity;
}

async function makeIdentity(
  store: Store,
  { demo, now }: { readonly demo: boolean; readonly now: number },
): Promise<Identity> {
  const identity: Identity = {
    tenantId: randomUUID(),
    subscriptionId: randomUUID(),
    clientId: randomUUID(),
    // Hexadecimal, for a command line takes a value that begins with a hyphen for an option.
    clientSecret: randomBytes(24).toString('hex'),
    objectId: randomUUID(),
    demo,
  };
  const subscription: SubscriptionRecord = {
    subscriptionId: identity.subscriptionId,
    displayName: 'Postern',
    tenantId: identity.tenantId,
  };
  const owner = { principalId: identity.objectId, name: randomUUID(), now };
  await store.transact({
    require: [{ key: identityKey, version: null }],
    put: [
      recordPut(identityKey, identity),
      recordPut(subscriptionKey(identity.subscriptionId), subscription),
      ...firstOwner(identity.subscriptionId, owner),
    ],
  });
  return identity;
}
