import { randomBytes, randomUUID } from 'node:crypto';
import { findObject } from '../directory/objects.ts';
import { createUser } from '../directory/users.ts';
import { roleAtStart } from '../resources/authorization/authorization.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import { merge } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import type { Identity } from './identity.ts';

/** The user of the demo world, an owner of the subscription. A person signs in to the portal with it. */
export interface PortalUser {
  readonly id: string;
  readonly userPrincipalName: string;
  /** As it was made; `undefined` once it was changed, or the user is gone. */
  readonly password: string | undefined;
}

interface MadeUser extends PortalUser {
  readonly password: string;
  /** As it is in the directory until the password is changed. */
  readonly passwordHash: string | undefined;
}

const userKey = recordKind<MadeUser>({
  pattern: 'setup/portal-user',
  owner: 'setup',
  holds: 'the user of the demo world, with the password that was made for it',
}).key();

/**
 * The user of a server with a demo world: made once, so that an administrator may also delete it. `undefined` for a
 * server without a demo world, and where another user has the name.
 */
export async function openPortalUser(
  store: Store,
  { tenantId, subscriptionId, demo }: Identity,
  { domain, now }: { readonly domain: string; readonly now: number },
): Promise<PortalUser | undefined> {
  if (!demo) return undefined;
  const [record] = await readRecords(store, { get: [userKey] });
  if (record !== undefined) {
    const { passwordHash, ...made } = record.value;
    const known = await findObject(store, { tenantId, kind: 'user' }, made.id);
    const isUnchanged = known?.record.accountEnabled === true && known.record.passwordHash === passwordHash;
    return isUnchanged ? made : { ...made, password: undefined };
  }
  const user = { id: randomUUID(), userPrincipalName: `demo@${domain}`, password: makePassword() };
  const created = await createUser(store, { ...user, tenantId, displayName: 'Demo' }, now);
  if (!created.ok) return undefined;
  const { passwordHash } = created.value;
  const assigned = { role: 'owner', principalId: user.id, principalType: 'User', name: randomUUID(), now } as const;
  await store.transact(
    merge(created.change, {
      require: [{ key: userKey, version: null }],
      put: [recordPut(userKey, { ...user, passwordHash }), ...roleAtStart(subscriptionId, assigned)],
    }),
  );
  return user;
}

/** Letters and digits that are not mistaken for each other when they are read from a terminal: 32, so that each has five bits. */
const letters = 'abcdefghijkmnpqrstuvwxyz23456789';

/** 100 random bits, as four groups of five letters. */
function makePassword(): string {
  const drawn = [...randomBytes(20)].map((byte) => letters.charAt(byte % letters.length));
  return [0, 5, 10, 15].map((at) => drawn.slice(at, at + 5).join('')).join('-');
}
