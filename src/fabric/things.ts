import { formatIpv4 } from '../address/address.ts';

/**
 * A thing of a namespace that `ip` makes. Things of one namespace differ in `slot`; one whose `add` line differs is
 * another thing in the same place.
 */
export interface Thing {
  readonly slot: string;
  /** The line for `ip -batch`. A route's line also replaces the route that is there. */
  readonly add: string;
  /** Absent for what ends with its interface. */
  readonly remove?: string;
}

/** The things that are to exist in a namespace. Wires come first, for all namespaces, because each has its other end elsewhere. */
export interface NamespaceThings {
  readonly wires: readonly Thing[];
  readonly settings: readonly Thing[];
}

/** The namespaces by their names. */
export type Things = ReadonlyMap<string, NamespaceThings>;

interface WireEnds {
  readonly name: string;
  readonly namespace: string;
  readonly group?: number;
  readonly otherName: string;
  readonly otherNamespace: string;
}

/** A pair of interfaces in two namespaces. Its `add` line names both, so that wires of all namespaces go into one batch. */
export function wire({ name, namespace, group = 0, otherName, otherNamespace }: WireEnds): Thing {
  const grouped = group === 0 ? '' : `group ${group} `;
  return {
    slot: `wire ${name} ${group}`,
    add: `link add ${name} netns ${namespace} ${grouped}type veth peer name ${otherName} netns ${otherNamespace}`,
    remove: `link delete ${name}`,
  };
}

/** An interface that is switched on. */
export function up(name: string): Thing {
  return { slot: `up ${name}`, add: `link set ${name} up` };
}

/** An IPv4 address of an interface, on its own. */
export function address(value: number, name: string): Thing {
  const text = `${formatIpv4(value)}/32 dev ${name}`;
  return { slot: `address ${text}`, add: `address add ${text}`, remove: `address delete ${text}` };
}

/**
 * A route of IPv4, its prefix as `ip` prints it. The hop `throw` leaves the decision to the tables after this one,
 * `blackhole` drops; otherwise it is `ip`'s own words. Without a table it is in `main`.
 */
export function route(prefix: string, hop: string, table?: number): Thing {
  const typed = hop === 'throw' || hop === 'blackhole' ? `${hop} ${prefix}` : `${prefix} ${hop}`;
  const where = table === undefined ? typed : `${typed} table ${table}`;
  return {
    slot: `route ${prefix} ${table ?? 'main'}`,
    add: `route replace ${where}`,
    remove: `route delete ${where}`,
  };
}

/** The rule that leads packets with a mark to a route table; its priority is the table's number. */
export function ruleTo(table: number, mark: number): Thing {
  const words = `priority ${table} fwmark ${mark} lookup ${table}`;
  return { slot: `rule ${table}`, add: `rule add ${words}`, remove: `rule delete ${words}` };
}
