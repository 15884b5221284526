import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import { namespaceNames, type NamespaceNames } from './naming.ts';
import { end, isOfEnded, markOf, processes, processesIn, uidOf, userNamespaceOf, variablesOf } from './processes.ts';
import type { ProcessMark } from './processes.ts';

/** The namespaces of one fabric, by the names that `ip netns` knows. */
export class Namespaces {
  readonly names: NamespaceNames;
  readonly #machine: Machine;
  readonly #prefix: string;

  constructor(machine: Machine, instance: string) {
    this.names = namespaceNames(instance);
    this.#machine = machine;
    this.#prefix = this.names.internet.replace(/internet$/, '');
  }

  /** Those that exist, with the inode of each; 0 for a name that a kill left without a namespace. */
  existing(): ReadonlyMap<string, number> {
    const folder = this.#machine.namesFolder;
    const names = namesIn(folder).filter((name) => name.startsWith(this.#prefix));
    return new Map(names.map((name) => [name, lifeOf(join(folder, name))]));
  }

  /** Ends every process in these namespaces, and removes them with all that is in them. */
  async remove(names: readonly string[], spared: readonly number[] = []): Promise<void> {
    const existing = this.existing();
    const there = names.filter((name) => existing.has(name));
    const inodes = new Set(there.map((name) => existing.get(name) ?? 0).filter((inode) => inode !== 0));
    await end(processesIn(inodes).filter(({ pid }) => !spared.includes(pid)));
    await this.#machine.ip(there.map((name) => `netns del ${name}`));
  }
}

/** The inode of a namespace tells it from an earlier one of the same name. A plain file is on another file system. */
function lifeOf(path: string): number {
  const { ino, mode, size } = statSync(path);
  const isName = (mode & 0o777) === 0 && size === 0;
  return isName ? 0 : ino;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // Nothing was named yet, or the process that has the names ended.
    if (isOfEnded(error)) return [];
    throw error;
  }
}

/** The variable by which the programs of a fabric are found: some of them outlive a reconciler that is killed. */
const markVariable = 'POSTERN_FABRIC';

/** The environment of the programs of one fabric. */
export function environmentOf(
  instance: string,
  environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return { ...environment, [markVariable]: instance };
}

/**
 * The programs of one fabric that run with a uid. Anyone may give a process that variable, so root counts only those of its
 * own user namespace and of the uids that it gives: another one could be followed by another without end.
 */
export function programsOf(instance: string, uid = process.geteuid?.()): readonly ProcessMark[] {
  const namespace = userNamespaceOf(process.pid);
  // A user's programs work in a user namespace of the fabric's own.
  const isOwn = (pid: number): boolean =>
    uidOf(pid) === uid && (process.geteuid?.() !== 0 || userNamespaceOf(pid) === namespace);
  const isMarked = (pid: number): boolean => variablesOf(pid).includes(`${markVariable}=${instance}`);
  return processes().flatMap((pid) => (isOwn(pid) && isMarked(pid) ? (markOf(pid) ?? []) : []));
}
