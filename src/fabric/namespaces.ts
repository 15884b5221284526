import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import { namespaceNames, type NamespaceNames } from './naming.ts';
import { end, markOf, processesIn, type ProcessMark } from './processes.ts';

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
  } catch {
    return [];
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

/** The programs of one fabric that run. A process of another user cannot be read, except by root. */
export function programsOf(instance: string): readonly ProcessMark[] {
  return namesIn('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const variables = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      return variables.includes(`${markVariable}=${instance}`) ? (markOf(Number(name)) ?? []) : [];
    } catch {
      // It ended meanwhile, or belongs to another user.
      return [];
    }
  });
}
