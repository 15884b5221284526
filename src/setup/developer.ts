import { randomBytes, randomUUID } from 'node:crypto';
import { headerBinding } from '../directory/bindings.ts';
import { registerClient } from '../directory/client-registration.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Identity } from './identity.ts';

/** The managed identity that a program gets from `postern run`, if it is not told another one. */
export interface Developer {
  readonly clientId: string;
  readonly objectId: string;
  /** The header that proves the identity at the endpoint of App Service's form; `connection.json` has it. */
  readonly identityHeader: string;
}

export const developerName = 'developer';

const developerKey = recordKind<Developer>({
  pattern: 'setup/developer',
  owner: 'setup',
  holds: 'the managed identity that "postern run" gives to a program',
}).key();

/**
 * The identity `developer` of a server with a demo world: made once, so that an administrator may also delete it.
 * `undefined` for a server without a demo world.
 */
export async function openDeveloper(store: Store, identity: Identity): Promise<Developer | undefined> {
  if (!identity.demo) return undefined;
  const [record] = await readRecords(store, { get: [developerKey] });
  if (record !== undefined) return record.value;
  const { tenantId, subscriptionId } = identity;
  const developer: Developer = {
    clientId: randomUUID(),
    objectId: randomUUID(),
    identityHeader: randomBytes(24).toString('base64url'),
  };
  const { clientId, objectId } = developer;
  await registerClient(store, {
    tenantId,
    clientId,
    objectId,
    displayName: developerName,
    // System-assigned: a program then gets it without naming it.
    managedIdentity: `/subscriptions/${subscriptionId}/resourceGroups/demo/providers/Microsoft.Web/sites/${developerName}`,
    bindings: [headerBinding(developer.identityHeader)],
  });
  await store.transact({ put: [recordPut(developerKey, developer)] });
  return developer;
}
