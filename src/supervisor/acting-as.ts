import type { User } from './worker-user.ts';

/**
 * Does something with the rights of somebody else, where their files could lead root astray. It is synchronous: nothing
 * else of this process runs meanwhile, and nobody may send it signals, for its real uid stays root's.
 */
export function actingAs<T>({ uid, gid }: User, act: () => T): T {
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
