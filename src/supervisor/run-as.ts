import type { User } from './worker-user.ts';

/**
 * Runs `act` with another user's rights, where that user's files could mislead root. It is synchronous: nothing else in
 * this process runs meanwhile. The real uid stays root's, so that the user cannot send this process signals.
 */
export function runAs<T>({ uid, gid }: User, act: () => T): T {
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([]);
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return act();
  } finally {
    process.seteuid?.(own.uid);
    process.setegid?.(own.gid);
    process.setgroups?.(groups);
  }
}
