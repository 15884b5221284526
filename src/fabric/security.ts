import type { SecurityGroupState, SecurityRule } from './state.ts';
import { anywhere, everyPlatformAddress, merged, platformSpansOf, spansOf, type Reach, type Span } from './tags.ts';

/** A rule of a security group as numbers. Spans are in order and do not touch; an empty list never occurs. */
export interface FilterRule {
  readonly access: 'accept' | 'drop';
  /** Numbers of IP protocols; empty: all. */
  readonly protocols: readonly number[];
  readonly source: readonly Span[];
  readonly destination: readonly Span[];
  /** Only with TCP and UDP. */
  readonly sourcePorts: readonly Span[];
  readonly destinationPorts: readonly Span[];
}

/** The meaning of a security group for one subnet, in the order of priorities. What no rule matches is dropped. */
export interface SubnetFilter {
  readonly outbound: readonly FilterRule[];
  readonly inbound: readonly FilterRule[];
  /** For flows to the platform's addresses, which only its own tags govern. What no rule matches passes. */
  readonly platform: readonly FilterRule[];
  /** Whether a change also governs the flows that are open: each of their packets is judged by the rules in force. */
  readonly flushConnection: boolean;
}

interface ReadFilter {
  readonly filter: SubnetFilter;
  readonly problems: readonly string[];
}

const everyPort: readonly Span[] = [{ first: 0, last: 65_535 }];
const [icmp, tcp, udp, esp, ah] = [1, 6, 17, 50, 51];
const protocols = { Tcp: [tcp], Udp: [udp], Icmp: [icmp], Esp: [esp], Ah: [ah], '*': [] } as const;
const withPorts: readonly number[] = [tcp, udp];

/**
 * Reads a group's rules for a subnet of a network. A rule that cannot be read is kept on the safe side: one that allows
 * is left out, and one that denies counts as if the part that cannot be read were `*`.
 * https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
 */
export function readFilter({ rules, flushConnection }: Omit<SecurityGroupState, 'id'>, reach: Reach): ReadFilter {
  const sorted = rules.toSorted((one, other) => one.priority - other.priority);
  const outbound = sorted.filter(({ direction }) => direction === 'Outbound');
  const inbound = sorted.filter(({ direction }) => direction === 'Inbound');
  const read = (prefix: string) => spansOf(prefix, reach);
  const usual = { source: read, destination: read, unread: anywhere };
  const platform = { source: read, destination: platformSpansOf, unread: everyPlatformAddress };
  const filter = {
    outbound: outbound.flatMap((rule) => filterRules(rule, usual)),
    inbound: inbound.flatMap((rule) => filterRules(rule, usual)),
    platform: outbound.flatMap((rule) => filterRules(rule, platform)),
    flushConnection,
  };
  return { filter, problems: sorted.flatMap((rule) => problemsOf(rule, reach)) };
}

interface Readers {
  readonly source: (prefix: string) => readonly Span[] | undefined;
  readonly destination: (prefix: string) => readonly Span[] | undefined;
  /** The destination of a denying rule whose destination cannot be read. */
  readonly unread: readonly Span[];
}

/** The rule, or nothing if it can match no packet. */
function filterRules(rule: SecurityRule, readers: Readers): readonly FilterRule[] {
  const whole = rule.access === 'Deny';
  const source = union(rule.sourcePrefixes, readers.source) ?? (whole ? anywhere : []);
  const destination = union(rule.destinationPrefixes, readers.destination) ?? (whole ? readers.unread : []);
  const sourcePorts = union(rule.sourcePorts, portsOf) ?? (whole ? everyPort : []);
  const destinationPorts = union(rule.destinationPorts, portsOf) ?? (whole ? everyPort : []);
  if ([source, destination, sourcePorts, destinationPorts].some((spans) => spans.length === 0)) return [];
  const named: readonly number[] = protocols[rule.protocol];
  const access = rule.access === 'Allow' ? 'accept' : 'drop';
  const asked = !isEveryPort(sourcePorts) || !isEveryPort(destinationPorts);
  if (!asked || named.some((protocol) => !withPorts.includes(protocol))) {
    // A protocol without ports: those of the rule say nothing.
    return [{ access, protocols: named, source, destination, sourcePorts: everyPort, destinationPorts: everyPort }];
  }
  return [
    { access, protocols: named.length === 0 ? withPorts : named, source, destination, sourcePorts, destinationPorts },
  ];
}

/** The addresses or ports of a list; `undefined` if it is empty, or if an element cannot be read. */
function union(
  texts: readonly string[],
  read: (text: string) => readonly Span[] | undefined,
): readonly Span[] | undefined {
  const spans: Span[] = [];
  for (const text of texts) {
    const found = read(text);
    if (found === undefined) return undefined;
    spans.push(...found);
  }
  return texts.length === 0 ? undefined : merged(spans);
}

/** `*`, a port, or a range as `80-90`. */
function portsOf(text: string): readonly Span[] | undefined {
  if (text === '*') return everyPort;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first <= last && last <= 65_535 ? [{ first, last }] : undefined;
}

function isEveryPort(spans: readonly Span[]): boolean {
  return spans.length === 1 && spans[0]?.first === 0 && spans[0].last === 65_535;
}

function problemsOf(rule: SecurityRule, reach: Reach): readonly string[] {
  const consequence = rule.access === 'Allow' ? 'it allows nothing' : 'it denies as if that part were "*"';
  const parts = [
    ['sourcePrefixes', (text: string) => spansOf(text, reach)],
    ['destinationPrefixes', (text: string) => spansOf(text, reach)],
    ['sourcePorts', portsOf],
    ['destinationPorts', portsOf],
  ] as const;
  return parts.flatMap(([part, read]) => {
    const texts = rule[part];
    const bad = texts.find((text) => read(text) === undefined);
    if (bad === undefined && texts.length > 0) return [];
    const found = bad === undefined ? 'is empty' : `has "${bad}", which cannot be read`;
    return [`Rule "${rule.name}" (${rule.priority}): ${part} ${found}, so that ${consequence}.`];
  });
}
