import { isName } from '../directory/keys.ts';
import { findByName, findObject } from '../directory/objects.ts';
import type { UserRecord } from '../directory/records.ts';
import { hasEnded } from './ended-sessions.ts';
import type { AuthorityRefusal } from './refusal.ts';
import type { Authority } from './services.ts';

/** A user who signed in, and when (milliseconds since 1970). */
export interface SignedIn {
  readonly user: UserRecord;
  readonly authTime: number;
  /** The id of the browser's session; absent where the user signed in without one. */
  readonly sessionId?: string | undefined;
}

export type UserAnswer =
  { readonly ok: true; readonly signedIn: SignedIn } | { readonly ok: false; readonly refusal: AuthorityRefusal };

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

/** Authenticates a user by password. An unknown name and a wrong password get the same answer. */
export async function authenticateUser(
  { tenant, username, password, site }: Credentials,
  authority: Authority,
): Promise<UserAnswer> {
  const { store, attempts, secretCheck } = authority;
  if (tenant !== authority.homeTenant) return refuse({ kind: 'userNotInTenant', username, tenant });
  // An invalid name is not counted as an attempt.
  if (!isName(username)) return refuse({ kind: 'passwordWrong' });
  const found = await findByName(store, { tenantId: tenant, kind: 'user' }, username);
  const guess = { name: username.toLowerCase(), exists: found !== undefined, site };
  const begun = attempts.begin(guess);
  if (begun === 'locked') return refuse({ kind: 'accountLocked' });
  if (begun === 'busy') return refuse({ kind: 'tooManyLogins' });
  const hashes = [found?.record.passwordHash ?? decoy];
  const verdict = await secretCheck.check(password, hashes, { site, name: guess.name }).catch((error: unknown) => {
    attempts.end(guess, 'notCompared');
    throw error;
  });
  attempts.end(guess, outcomes[verdict]);
  if (verdict === 'busy') return refuse({ kind: 'tooManyLogins' });
  if (verdict === 'wrong' || found === undefined) return refuse({ kind: 'passwordWrong' });
  if (!found.record.accountEnabled) return refuse({ kind: 'accountDisabled' });
  return { ok: true, signedIn: { user: found.record, authTime: authority.now() } };
}

const outcomes = { right: 'right', wrong: 'wrong', busy: 'notCompared' } as const;

interface EarlierSignIn extends Pick<SignedIn, 'authTime' | 'sessionId'> {
  readonly tenant: string;
  readonly userId: string;
}

/**
 * Whether an earlier sign-in is still valid: the user still exists, is enabled, has the same password, and has not signed
 * out of the session.
 */
export async function signedInSince(
  { tenant, userId, authTime, sessionId }: EarlierSignIn,
  { store }: Authority,
): Promise<UserAnswer> {
  if (sessionId !== undefined && (await hasEnded(store, sessionId))) return refuse({ kind: 'signInRevoked' });
  const found = await findObject(store, { tenantId: tenant, kind: 'user' }, userId);
  if (found === undefined) return refuse({ kind: 'signInRevoked' });
  const { record: user } = found;
  if (!user.accountEnabled) return refuse({ kind: 'accountDisabled' });
  if (authTime < user.signInSessionsValidFrom) return refuse({ kind: 'signInRevoked' });
  return { ok: true, signedIn: { user, authTime, sessionId } };
}

function refuse(refusal: AuthorityRefusal): UserAnswer {
  return { ok: false, refusal };
}
