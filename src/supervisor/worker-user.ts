export interface User {
  readonly uid: number;
  readonly gid: number;
}

export type ResolvedUser =
  { readonly ok: true; readonly user: User | undefined } | { readonly ok: false; readonly message: string };

/** The account that a package or an administrator may have created for Postern. */
const defaultName = 'postern';

/**
 * The uid without that account: it owns no files or processes. 60578 to 61183 is outside both Debian's static ids (policy
 * section 9.2.2: 60000 to 64999 on request, none given in this range) and systemd's dynamic users (61184 to 65519), and
 * below 65536, so it exists in a container with its own user namespace.
 */
const defaultUid = 61_043;

/**
 * The user that the worker runs as; `undefined` if it keeps the user that started it, as for every user but root.
 * @param wanted a name or a uid, as in `--user`
 * @param passwd the contents of /etc/passwd
 */
export function resolveWorkerUser(wanted: string | undefined, passwd: string, ownUid: number): ResolvedUser {
  if (ownUid !== 0) {
    if (wanted === undefined) return { ok: true, user: undefined };
    return { ok: false, message: `--user ${wanted}: only root can start the worker as another user.` };
  }
  const accounts = passwd.split('\n').map((line) => line.split(':'));
  const accountOf = (field: 0 | 2, value: string): User | undefined => {
    const found = accounts.find((account) => account[field] === value);
    return found && { uid: Number(found[2]), gid: Number(found[3]) };
  };
  if (wanted === undefined) {
    const user = accountOf(0, defaultName) ?? { uid: defaultUid, gid: defaultUid };
    if (user.uid !== 0) return { ok: true, user };
    return {
      ok: false,
      message: `The account ${defaultName} is root, but the worker must not be: choose another with --user.`,
    };
  }
  const named = /^[0-9]{1,10}$/.test(wanted)
    ? (accountOf(2, wanted) ?? { uid: Number(wanted), gid: Number(wanted) })
    : accountOf(0, wanted);
  if (named === undefined) return { ok: false, message: `--user ${wanted}: /etc/passwd has no such user.` };
  if (named.uid === 0) return { ok: false, message: `--user ${wanted}: the worker must not be root.` };
  return { ok: true, user: named };
}

/**
 * Adjusts the user for a process that is root only of a user namespace, in which the uid may not exist (`uidMap`: the
 * contents of /proc/self/uid_map, user_namespaces(7)). Outside such a namespace, root is an ordinary user: the worker then
 * keeps the user that started it.
 */
export function withinNamespace(resolved: ResolvedUser, wanted: string | undefined, uidMap: string): ResolvedUser {
  if (!resolved.ok || resolved.user === undefined) return resolved;
  const { uid } = resolved.user;
  const isMapped = uidMap.split('\n').some((line) => {
    const [first, , count] = line.trim().split(/\s+/).map(Number);
    return first !== undefined && count !== undefined && first <= uid && uid < first + count;
  });
  if (isMapped) return resolved;
  if (wanted === undefined) return { ok: true, user: undefined };
  return {
    ok: false,
    message: `--user ${wanted}: uid ${uid} does not exist in this user namespace; leave --user out.`,
  };
}
