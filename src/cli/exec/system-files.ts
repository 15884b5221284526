/** The name of an account of the pool, in the files that the workload sees. */
export const poolName = 'workload';

/**
 * The system's nsswitch.conf, except that names of hosts come from the hosts file and from DNS alone: other services of
 * it answer from outside the fabric.
 */
export function nameServices(system: string): string {
  const others = system.split('\n').filter((line) => !/^\s*hosts\s*:/.test(line));
  return `${others.join('\n').trimEnd()}\nhosts: files dns\n`;
}

/** The system's accounts and one for a user of the pool, without which `getpwuid` fails: the two files. */
export function withPoolAccount(
  { uid, gid, home }: { readonly uid: number; readonly gid: number; readonly home: string },
  { passwd, group }: { readonly passwd: string; readonly group: string },
): { readonly passwd: string; readonly group: string } {
  const added = (file: string, line: string): string => `${file === '' ? '' : `${file.trimEnd()}\n`}${line}\n`;
  return {
    passwd: added(passwd, `${poolName}:x:${uid}:${gid}:Workload of Postern:${home}:/bin/sh`),
    group: added(group, `${poolName}:x:${gid}:`),
  };
}
