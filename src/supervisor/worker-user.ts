export interface User {
  readonly uid: number;
  readonly gid: number;
}

export type ResolvedUser =
  { readonly ok: true; readonly user: User | undefined } | { readonly ok: false; readonly message: string };

/** The account that a package or an administrator may have made for us. */
const defaultName = 'postern';

/**
 * Otherwise a number without an account: nobody's files or processes have it. 60578 to 61183 is free both of Debian's
 * static ids (policy section 9.2.2: 60000 to 64999 on request, none given there) and of systemd's dynamic users
 * (61184 to 65519); below 65536, so that it exists in a container with its own user namespace.
 */
const defaultUid = 61_043;

/**
 * Who the worker becomes. `undefined`: it stays who starts it, which is so for everybody but root.
 * @param wanted a name or a uid, as in `--user`
 * @param passwd the text of /etc/passwd
 */
export function resolveWorkerUser(wanted: string | undefined, passwd: string, ownUid: number): ResolvedUser {
  if (ownUid !== 0) {
    if (wanted === undefined) return { ok: true, user: undefined };
    return { ok: false, message: `--user ${wanted}: only root can start the worker as somebody else.` };
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
      message: `The account ${defaultName} is root, and the worker must not be: name another with --user.`,
    };
  }
  const named = /^[0-9]{1,10}$/.test(wanted)
    ? (accountOf(2, wanted) ?? { uid: Number(wanted), gid: Number(wanted) })
    : accountOf(0, wanted);
  if (named === undefined) return { ok: false, message: `--user ${wanted}: there is no such user in /etc/passwd.` };
  if (named.uid === 0) return { ok: false, message: `--user ${wanted}: the worker must not be root.` };
  return { ok: true, user: named };
}

/**
 * The same where this process is root of a user namespace only, in which that uid may not exist (`uidMap`: the text of
 * /proc/self/uid_map, user_namespaces(7)). Root of one uid is an ordinary user outside: the worker stays who it is.
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
