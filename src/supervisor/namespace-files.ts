import { closeSync, constants, openSync, readFileSync, readlinkSync, statfsSync } from 'node:fs';

/**
 * A network namespace: a name known to `ip netns`; that of a process (rootless: of the process that has the user
 * namespace); or a name known to `ip netns` in the mount namespace of that process.
 */
export type Namespace = string | { readonly pid: number; readonly name?: string };

/** Descriptors of a network namespace, and of the user namespace that has to be entered before it. */
export interface NamespaceFiles extends Disposable {
  readonly net: number;
  readonly user: number | undefined;
}

/** Where `ip netns` keeps its names (ip-netns(8)). */
const nameFolders = ['run', 'netns'];
/** The file system of namespaces: `NSFS_MAGIC` of the kernel's `magic.h`. */
const namespaceFileSystem = 0x6e_73_66_73;
/** Opens no device and waits for no FIFO (open(2)); Node has no name for it. */
const pathOnly = 0o10_000_000;
/** The bit of capabilities(7). */
const capSysAdmin = 21n;

/**
 * Opens a network namespace once, so that the same is entered whatever becomes of the name or the process id. The process
 * may be another user's, who chose all that is mounted there: no program of it is run, no link of it is followed, and
 * nothing is opened but a namespace.
 * @throws {Error} of the system
 */
export function openNamespace(namespace: Namespace): NamespaceFiles {
  const opened: number[] = [];
  const open = (path: string, flags: number): number => {
    const descriptor = openSync(path, flags);
    opened.push(descriptor);
    return descriptor;
  };
  const close = () => opened.forEach((descriptor) => closeSync(descriptor));
  try {
    return { ...openFiles(namespace, open), [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

type Open = (path: string, flags: number) => number;

function openFiles(namespace: Namespace, open: Open): { readonly net: number; readonly user: number | undefined } {
  const { O_DIRECTORY, O_RDONLY } = constants;
  if (typeof namespace === 'string')
    return { net: openNamed(open('/', O_RDONLY | O_DIRECTORY), namespace, open), user: undefined };
  const { pid, name } = namespace;
  // It leads to this process only, also when its number is given to another one.
  const processFolder = pathOf(open(`/proc/${pid}`, O_RDONLY | O_DIRECTORY));
  const user = mustEnterUser(processFolder) ? open(`${processFolder}/ns/user`, O_RDONLY) : undefined;
  const net =
    name === undefined
      ? open(`${processFolder}/ns/net`, O_RDONLY)
      : openNamed(open(`${processFolder}/root`, O_RDONLY | O_DIRECTORY), name, open);
  return { net, user };
}

function openNamed(root: number, name: string, open: Open): number {
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
  const folder = nameFolders.reduce(
    (above, part) => open(`${pathOf(above)}/${part}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
    root,
  );
  const found = pathOf(open(`${pathOf(folder)}/${name}`, pathOnly | O_NOFOLLOW));
  if (statfsSync(found).type !== namespaceFileSystem)
    throw new Error(`/${nameFolders.join('/')}/${name} is not a namespace`);
  return open(found, O_RDONLY);
}

/**
 * An administrator of this user namespace may enter the network namespaces of those below, too (setns(2)), and must not
 * enter a user namespace: there the process that enters is at the mercy of that namespace's owner (ptrace(2)). Other
 * users get the right from the user namespace, which must be their own then. A process cannot enter the one that it is
 * in (EINVAL).
 */
function mustEnterUser(processFolder: string): boolean {
  if (mayAdminister(readFileSync('/proc/self/status', 'utf8'))) return false;
  return readlinkSync(`${processFolder}/ns/user`) !== readlinkSync('/proc/self/ns/user');
}

/** Whether a process has the capability CAP_SYS_ADMIN, from its /proc/PID/status. */
export function mayAdminister(status: string): boolean {
  const effective = /^CapEff:\s*([\da-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> capSysAdmin) & 1n) === 1n;
}

function pathOf(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
