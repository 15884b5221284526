import { findCommands, foundThings } from './found-things.ts';
import { inParallel } from './in-parallel.ts';
import { linkChanges, namespaceSysctls, type Batches } from './link-changes.ts';
import type { Machine } from './machine.ts';
import type { Namespaces } from './namespaces.ts';
import type { NamespaceThings, Things } from './things.ts';

/** The namespaces, interfaces, addresses and routes, and their change. */
export class Wires {
  readonly #machine: Machine;
  readonly #namespaces: Namespaces;
  /** The things that exist; `undefined` where it must be read first: at the start, and after a change that failed. */
  #things: Things | undefined;

  constructor(machine: Machine, namespaces: Namespaces) {
    this.#machine = machine;
    this.#namespaces = namespaces;
  }

  /**
   * Leads from what exists to what is to exist, up to the addresses and routes. Nothing is touched that is as it should be.
   * @param inUse namespaces that stay: a workload whose subnet is gone goes on, without a wire
   * @returns sets the addresses and routes, and removes the namespaces that are left over
   */
  async connect(wanted: Things, inUse: ReadonlySet<string>): Promise<() => Promise<void>> {
    const existing = this.#namespaces.existing();
    const before = this.#things ?? (await this.#find([...existing.keys()]));
    const { add, removals, wires, settings } = linkChanges(before, wanted);
    this.#things = undefined;
    for (const step of removals) await this.#inEach(step);
    const routing = add.filter(isRouting);
    await this.#machine.ip(routing.map(addNamespace));
    await inParallel(routing, (name) => this.#setSysctls(name));
    await this.#machine.ip([...add.filter((name) => !isRouting(name)).map(addNamespace), ...wires]);
    return async () => {
      await this.#inEach(settings);
      await this.#namespaces.remove([...existing.keys()].filter((name) => !wanted.has(name) && !inUse.has(name)));
      this.#things = wanted;
    };
  }

  async #inEach(batches: Batches): Promise<void> {
    await inParallel([...batches], ([name, lines]) => this.#machine.ip(lines, name));
  }

  /** Reads what an earlier reconciler made, and finishes the namespaces that it did not. */
  async #find(names: readonly string[]): Promise<Things> {
    const existing = this.#namespaces.existing();
    // A name that has no namespace yet was left by a kill.
    await this.#namespaces.remove(names.filter((name) => existing.get(name) === 0));
    const there = names.filter((name) => existing.get(name) !== 0);
    await inParallel(there.filter(isRouting), (name) => this.#setSysctls(name));
    const found = await inParallel(there, async (name): Promise<readonly [string, NamespaceThings]> => {
      const printed = await this.#machine.show(findCommands, name);
      const router = /-v(\d+)$/.exec(name)?.[1];
      return [name, foundThings(printed, router === undefined ? undefined : Number(router))];
    });
    return new Map(found);
  }

  async #setSysctls(namespace: string): Promise<void> {
    const lines = Object.entries(namespaceSysctls).map(([name, value]) => {
      const path = `/proc/sys/${name.replaceAll('.', '/')}`;
      // A kernel without IPv6, or without connection tracking yet, has no such settings.
      return `[ ! -e ${path} ] || echo ${value} > ${path}`;
    });
    await this.#machine.done(namespace, ['sh', '-euc', lines.join('\n')]);
  }
}

function addNamespace(name: string): string {
  return `netns add ${name}`;
}

/** A workload's namespace keeps the settings of the kernel: it forwards nothing, and its wire drops IPv6. */
function isRouting(namespace: string): boolean {
  return !/-w\d+$/.test(namespace);
}
