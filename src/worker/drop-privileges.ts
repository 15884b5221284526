/** Becomes the user. The order matters: without root's uid, the groups could no longer be given up. */
export function dropPrivileges({ uid, gid }: { readonly uid: number; readonly gid: number }): void {
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
