import type { NamespaceThings, Thing, Things } from './things.ts';

/** Lines for `ip -batch` by the namespace that they are for. */
export type Batches = ReadonlyMap<string, readonly string[]>;

export interface LinkChanges {
  /** Namespaces to make before the wires, and to delete in the end. */
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** To be done first, one after the other; within a step the namespaces may go in any order, or at the same time. */
  readonly removals: readonly Batches[];
  /** The new wires: lines for one batch where the names of the namespaces are. */
  readonly wires: readonly string[];
  /** To be done last, the namespaces in any order, or at the same time. */
  readonly settings: Batches;
}

/**
 * The settings that each namespace needs before it has interfaces: the packet filter proves sources, so rp_filter need not.
 * Each question for a name is a connection of its own for that time, and a workload has so many (`flow-limits.ts`).
 */
export const namespaceSysctls: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '1',
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.conf.default.rp_filter': '0',
  'net.ipv4.conf.all.send_redirects': '0',
  'net.ipv4.conf.default.send_redirects': '0',
  'net.ipv6.conf.all.disable_ipv6': '1',
  'net.ipv6.conf.default.disable_ipv6': '1',
  'net.netfilter.nf_conntrack_udp_timeout': '10',
};

const nothing: NamespaceThings = { wires: [], settings: [] };

/** The lines that lead from what exists to what is to exist. Nothing is touched that is as it should be. */
export function linkChanges(before: Things, after: Things): LinkChanges {
  const changes = [...after].map(([name, wanted]) => {
    const found = before.get(name) ?? nothing;
    // A wire's slot says all that can differ: its other end cannot be read.
    const wires = difference(found.wires, wanted.wires, () => true);
    const settings = difference(
      found.settings.filter(survives(wires.remove)),
      wanted.settings,
      (one, other) => one.add === other.add,
    );
    return { name, wires, settings };
  });
  return {
    add: [...after.keys()].filter((name) => !before.has(name)),
    remove: [...before.keys()].filter((name) => !after.has(name)),
    removals: [
      batches(changes.map(({ name, settings }) => [name, removals(settings.remove)])),
      batches(changes.map(({ name, wires }) => [name, removals(wires.remove)])),
    ].filter(({ size }) => size > 0),
    wires: changes.flatMap(({ wires }) => wires.add.map(({ add }) => add)),
    settings: batches(changes.map(({ name, settings }) => [name, settings.add.map(({ add }) => add)])),
  };
}

function batches(each: readonly (readonly [string, readonly string[]])[]): Batches {
  return new Map(each.filter(([, lines]) => lines.length > 0));
}

/** Whether a setting outlives these wires: what is on an interface ends with it. */
function survives(wires: readonly Thing[]): (setting: Thing) => boolean {
  const names = new Set(wires.map(({ slot }) => slot.split(' ')[1]));
  return ({ add }) => !add.split(' ').some((word) => names.has(word));
}

interface Difference {
  readonly remove: readonly Thing[];
  readonly add: readonly Thing[];
}

function difference(
  before: readonly Thing[],
  after: readonly Thing[],
  same: (one: Thing, other: Thing) => boolean,
): Difference {
  const found = new Map(before.map((thing) => [thing.slot, thing]));
  const wanted = new Set(after.map(({ slot }) => slot));
  const isThere = (thing: Thing) => {
    const present = found.get(thing.slot);
    return present !== undefined && same(present, thing);
  };
  return {
    remove: before.filter(({ slot }) => !wanted.has(slot)),
    add: after.filter((thing) => !isThere(thing)),
  };
}

/** In reverse order: the rule that leads to a table goes before its routes. */
function removals(things: readonly Thing[]): readonly string[] {
  return things.flatMap(({ remove }) => (remove === undefined ? [] : [remove])).toReversed();
}
