import { formatIpv4 } from '../address/address.ts';
import type { FilterRule } from './security.ts';
import { merged, type Span } from './tags.ts';

/** The table of each namespace of a fabric. */
const table = 'inet fabric';

/** A script that puts these in the place of everything that the table has, in one step. */
export function replacement(parts: readonly string[]): string {
  return [`table ${table}`, `delete table ${table}`, `table ${table} {`, ...parts, '}', ''].join('\n');
}

/** A script that adds or deletes one element of a set or map. */
export function element(action: 'add' | 'delete', name: string, value: string): string {
  return `${action} element ${table} ${name} { ${value} }\n`;
}

/** A set or map with its elements. */
export function declare(what: string, type: string, elements: readonly string[]): string {
  const filled = elements.length === 0 ? '' : ` elements = { ${elements.join(', ')} };`;
  return `${what} { type ${type};${filled} }`;
}

/** The set of the addresses that each wire may send from. */
export function ownersSet(elements: readonly string[]): string {
  return declare('set owners', 'ifname . ipv4_addr', elements);
}

/** A chain; without a `hook` another chain jumps to it. */
export function chain(name: string, hook: string | undefined, rules: readonly string[]): string {
  const head = hook === undefined ? [] : [`type ${hook};`];
  return [`chain ${name} {`, ...[...head, ...rules].map((rule) => `  ${rule}`), '}'].join('\n');
}

/** A rule that looks its verdict up; no rule if there is nothing to find. */
export function verdicts(key: string, entries: readonly (readonly [number, string])[]): readonly string[] {
  if (entries.length === 0) return [];
  return [`${key} vmap { ${entries.map(([value, verdict]) => `${value} : ${verdict}`).join(', ')} }`];
}

/** Addresses as an anonymous set, which nft refuses when its ranges overlap. */
export function addressSet(spans: readonly Span[]): string {
  return `{ ${merged(spans)
    .map(({ first, last }) => spanText(formatIpv4(first), formatIpv4(last)))
    .join(', ')} }`;
}

/** A rule of a security group as it matches the answers of the flows that it matches. */
export function answerLines({ source, destination, sourcePorts, destinationPorts, ...rule }: FilterRule) {
  return filterLines({
    ...rule,
    source: destination,
    destination: source,
    sourcePorts: destinationPorts,
    destinationPorts: sourcePorts,
  });
}

/** A rule of a security group. */
export function filterLines({ access, protocols, source, destination, ...ports }: FilterRule): readonly string[] {
  const matches = [
    isWhole(source, 2 ** 32 - 1) ? '' : `ip saddr ${addressSet(source)} `,
    isWhole(destination, 2 ** 32 - 1) ? '' : `ip daddr ${addressSet(destination)} `,
    protocols.length === 0 ? '' : `meta l4proto { ${protocols.join(', ')} } `,
    portMatch('sport', ports.sourcePorts),
    portMatch('dport', ports.destinationPorts),
  ];
  return [`${matches.join('')}counter ${access}`];
}

function portMatch(field: 'sport' | 'dport', spans: readonly Span[]): string {
  if (isWhole(spans, 65_535)) return '';
  return `th ${field} { ${spans.map(({ first, last }) => spanText(`${first}`, `${last}`)).join(', ')} } `;
}

function spanText(first: string, last: string): string {
  return first === last ? first : `${first}-${last}`;
}

function isWhole(spans: readonly Span[], last: number): boolean {
  return spans.length === 1 && spans[0]?.first === 0 && spans[0].last === last;
}
