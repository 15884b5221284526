import { isName } from '../directory/keys.ts';
import { findByName, findObject } from '../directory/objects.ts';
import type { UserRecord } from '../directory/records.ts';
import { hasEnded } from './ended-sessions.ts';
import { refused } from './refusal.ts';
import type { Authority } from './services.ts';

/** A user who signed in, and when (milliseconds since 1970). */
export interface SignedIn {
  readonly user: UserRecord;
  readonly authTime: number;
  /** The id of the browser's session; absent where the user signed in without one. */
  readonly sessionId?: string | undefined;
}

export interface Credentials {
  /** The requested tenant. */
  readonly tenant: string;
  readonly username: string;
  readonly password: string;
  /** The user's site, from `siteOf`. */
  readonly site: string | undefined;
}

/** A hash of no user's password. It is checked if the user does not exist, so that the answer takes the same time. */
const decoy = 'scrypt$16384$8$1$mZbq0jSJ5S7kDqfJvYhQ3A$V0eP1l5n0q0VQ2n3m6b0rUqg0k0l1xF9u9w6y1yT2oM';

/**
 * Authenticates a user by password. An unknown name and a wrong password get the same answer.
 * @throws {Refused}
 */
export async function authenticateUser(
  { tenant, username, password, site }: Credentials,
  authority: Authority,
): Promise<SignedIn> {
  const { store, attempts, secretCheck } = authority;
  if (tenant !== authority.homeTenant) throw refused({ kind: 'userNotInTenant', username, tenant });
  // An invalid name is not counted as an attempt.
  if (!isName(username)) throw refused({ kind: 'passwordWrong' });
  const found = await findByName(store, { tenantId: tenant, kind: 'user' }, username);
  const guess = { name: username.toLowerCase(), exists: found !== undefined, site };
  const begun = await attempts.begin(guess);
  if (begun === 'locked') throw refused({ kind: 'accountLocked' });
  if (begun === 'busy') throw refused({ kind: 'tooManyLogins' });
  const hashes = [found?.record.passwordHash ?? decoy];
  const verdict = await secretCheck
    .check(password, hashes, { site, name: guess.name })
    .catch(async (error: unknown) => {
      await attempts.end(guess, 'notCompared');
      throw error;
    });
  await attempts.end(guess, outcomes[verdict]);
  if (verdict === 'busy') throw refused({ kind: 'tooManyLogins' });
  if (verdict === 'wrong' || found === undefined) throw refused({ kind: 'passwordWrong' });
  if (!found.record.accountEnabled) throw refused({ kind: 'accountDisabled' });
  return { user: found.record, authTime: authority.now() };
}

const outcomes = { right: 'right', wrong: 'wrong', busy: 'notCompared' } as const;

interface EarlierSignIn extends Pick<SignedIn, 'authTime' | 'sessionId'> {
  readonly tenant: string;
  readonly userId: string;
}

/**
 * An earlier sign-in, if it is still valid: the user still exists, is enabled, has the same password, and has not signed
 * out of the session.
 * @throws {Refused}
 */
export async function signedInSince(
  { tenant, userId, authTime, sessionId }: EarlierSignIn,
  { store }: Authority,
): Promise<SignedIn> {
  if (sessionId !== undefined && (await hasEnded(store, sessionId))) throw refused({ kind: 'signInRevoked' });
  const found = await findObject(store, { tenantId: tenant, kind: 'user' }, userId);
  if (found === undefined) throw refused({ kind: 'signInRevoked' });
  const { record: user } = found;
  if (!user.accountEnabled) throw refused({ kind: 'accountDisabled' });
  if (authTime < user.signInSessionsValidFrom) throw refused({ kind: 'signInRevoked' });
  return { user, authTime, sessionId };
}
