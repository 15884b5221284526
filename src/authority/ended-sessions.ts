import { recordKind } from '../store/keys.ts';
import { listRecords, readRecords, recordPut } from '../store/records.ts';
import type { Store, Transaction } from '../store/store.ts';

/**
 * How long tokens of a session may last: a page's refresh tokens, from the sign-in on. As in Entra ("Refresh tokens in the
 * identity platform": 24 hours for single page apps), and a new token does not extend it.
 */
export const pageDays = 1;
export const pageMs = pageDays * 86_400_000;

interface EndedSession {
  /** Milliseconds since 1970. */
  readonly authTime: number;
}

const ended = recordKind<EndedSession>({
  pattern: 'authority/ended-session/',
  owner: 'authority',
  holds: 'that a browser signed out of the session, until its tokens would have expired',
});

/** The most that one signing-out removes: more than it adds. */
const forgottenMax = 100;

/** Whether a browser has signed out of the session. */
export async function hasEnded(store: Store, sessionId: string): Promise<boolean> {
  const [record] = await readRecords(store, { get: [ended.key(sessionId)] });
  return record !== undefined;
}

/** Ends a session, and forgets some of those whose tokens have expired by now. */
export async function endSession(
  store: Store,
  { sessionId, authTime }: { readonly sessionId: string; readonly authTime: number },
  nowMs: number,
): Promise<Transaction> {
  if (nowMs >= authTime + pageMs) return {};
  // A session has an authTime for each sign-in in that browser. The copy of an older cookie does not shorten its end.
  const [before] = await readRecords(store, { get: [ended.key(sessionId)] });
  if (before !== undefined && before.value.authTime >= authTime) return {};
  const known = await listRecords(store, { prefix: ended.prefix(), limit: forgottenMax });
  const over = known.filter(({ value }) => nowMs >= value.authTime + pageMs);
  return { put: [recordPut(ended.key(sessionId), { authTime })], delete: over.map(({ key }) => key) };
}
