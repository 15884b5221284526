import { formatRange } from '../address/address.ts';
import { intervalsOf } from '../firewall/intervals.ts';
import { readStored } from '../firewall/stored.ts';
import type { FirewallSettings } from '../types/firewall.ts';
import type { SubnetSet } from './access-set.ts';
import { isNobody } from './diff.ts';
import type { Change, Difference } from './diff.ts';
import { count, everyAddress, minus, piecesOf, rangesOf } from './spans.ts';
import type { Spans } from './spans.ts';

/** Addresses that gain or lose access, with the rule that names them where one does. */
export interface DescribedRange {
  readonly range: string;
  readonly addresses: number;
  /** `ipRules[3]`; absent where the default action lets them in. */
  readonly rule?: string;
}

export interface DescribedSubnet {
  /** ARM id, or the incarnation where no rule has the id. */
  readonly subnet: string;
  readonly rule?: string;
}

/** One side of a change, in the form in which it is printed and sent. */
export interface DescribedDifference {
  readonly ipv4: readonly DescribedRange[];
  /** In place of `ipv4` where more than half of all addresses are in it: those that are not. */
  readonly everyAddressExcept?: readonly DescribedRange[];
  readonly ipv6: boolean;
  readonly subnets: readonly DescribedSubnet[];
  /** In place of `subnets` where all subnets are in it but these. */
  readonly everySubnetExcept?: readonly DescribedSubnet[];
  readonly services: readonly string[];
}

export interface DescribedChange {
  readonly gains: DescribedDifference;
  readonly losses: DescribedDifference;
}

/** Both sides of the change, each with the rules of the settings that let it in: those after it, and those before. */
export function describeChange(change: Change, before: FirewallSettings, after: FirewallSettings): DescribedChange {
  return {
    gains: describeDifference(change.gains, after, before),
    losses: describeDifference(change.losses, before, after),
  };
}

/** One side of a change; `by` are the settings that let it in, and `other` those of the other side. */
export function describeDifference(
  { network, services }: Difference,
  by: FirewallSettings,
  other: FirewallSettings,
): DescribedDifference {
  const isMost = count(network.ipv4) > count(everyAddress) / 2;
  const { subnets } = network;
  const isOpen = subnets.kind === 'allBut';
  const named = describeSubnets(subnets, by, other);
  return {
    ipv4: isMost ? [] : describeRanges(network.ipv4, by),
    ...(isMost && { everyAddressExcept: plainRanges(minus(everyAddress, network.ipv4)) }),
    ipv6: network.ipv6,
    subnets: isOpen ? [] : named,
    ...(isOpen && { everySubnetExcept: named }),
    services: services.map(({ name }) => name),
  };
}

/** Each range with the rule that a verdict would name: the narrowest that contains it. */
function describeRanges(ipv4: Spans, by: FirewallSettings): readonly DescribedRange[] {
  const intervals = intervalsOf(readStored(by)?.ranges ?? []);
  const ruled = piecesOf(intervals, ipv4).flatMap(({ first, last, rule }) =>
    plainRanges([{ first, last }]).map((range) => ({ ...range, rule: `ipRules[${rule}]` })),
  );
  const covered = count(ipv4) === ruled.reduce((all, { addresses }) => all + addresses, 0);
  return covered ? ruled : plainRanges(ipv4);
}

function plainRanges(ipv4: Spans): readonly DescribedRange[] {
  return rangesOf(ipv4).map((range) => ({
    range: range.prefix === 32 ? formatRange(range).slice(0, -'/32'.length) : formatRange(range),
    addresses: range.last - range.first + 1,
  }));
}

function describeSubnets(
  { incarnations }: SubnetSet,
  by: FirewallSettings,
  other: FirewallSettings,
): readonly DescribedSubnet[] {
  const [rules, others] = [by, other].map(({ networkAcls }) => networkAcls?.virtualNetworkRules ?? []);
  return [...incarnations].map((incarnation) => {
    const index = rules?.findIndex((rule) => rule.incarnation === incarnation) ?? -1;
    if (index >= 0) return { subnet: rules?.[index]?.id ?? incarnation, rule: `virtualNetworkRules[${index}]` };
    return { subnet: others?.find((rule) => rule.incarnation === incarnation)?.id ?? incarnation };
  });
}

const rowsMax = 40;

/** The change for people, a line each: `+` for a gain, `-` for a loss, `=` where there is neither. */
export function changeLines(change: Change, described: DescribedChange): readonly string[] {
  const { gains, losses } = change;
  if (isNobody(gains) && isNobody(losses)) return ['= nobody gains or loses access'];
  return [...linesOf('+', described.gains, ''), ...linesOf('-', described.losses, 'was ')];
}

type Row = readonly [what: string, howMany: string, rule: string];

/** A row that counts nothing. */
function plain(what: string): Row {
  return [what, '', ''];
}

function linesOf(sign: string, described: DescribedDifference, was: string): readonly string[] {
  const rows = rowsOf(described, was);
  const shown = rows.slice(0, rowsMax);
  const counted = shown.filter(([, howMany]) => howMany !== '');
  const [wide, numbers] = [0, 1].map((column) => Math.max(0, ...counted.map((row) => row[column]?.length ?? 0)));
  const lines = shown.map(([what, howMany, rule]) =>
    howMany === ''
      ? `${sign} ${what}`
      : `${sign} ${what.padEnd(wide ?? 0)}   ${howMany.padEnd(numbers ?? 0)}   ${rule}`.trimEnd(),
  );
  return rows.length === shown.length ? lines : [...lines, `${sign} … and ${rows.length - shown.length} more`];
}

function rowsOf({ ipv4, ipv6, subnets, services, ...most }: DescribedDifference, was: string): readonly Row[] {
  const ruled = (rule: string | undefined) => (rule === undefined ? '' : `${was}${rule}`);
  return [
    ...(most.everyAddressExcept === undefined ? [] : [everyone(most.everyAddressExcept.map(({ range }) => range))]),
    ...ipv4.map(({ range, addresses, rule }): Row => [range, numberOf(addresses, 'address'), ruled(rule)]),
    ...(ipv6 ? [plain('every IPv6 address')] : []),
    ...(most.everySubnetExcept === undefined ? [] : [everySubnet(most.everySubnetExcept)]),
    ...subnets.map(({ subnet, rule }): Row => [shortSubnet(subnet), 'subnet', ruled(rule)]),
    ...(services.length === 0
      ? []
      : [plain(`${numberOf(services.length, 'trusted service')}, each for its scenario, from everywhere`)]),
  ];
}

function everyone(except: readonly string[]): Row {
  return plain(except.length === 0 ? 'every IPv4 address' : `every IPv4 address except ${listed(except)}`);
}

function everySubnet(except: readonly DescribedSubnet[]): Row {
  const names = except.map(({ subnet }) => shortSubnet(subnet));
  return plain(names.length === 0 ? 'every subnet' : `every subnet except ${listed(names)}`);
}

/** As many as a line has room for. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 4);
  const more = names.length - shown.length;
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`;
}

/** `vnet/subnet`, as people say it. */
function shortSubnet(id: string): string {
  const [, network, subnet] = /\/virtualnetworks\/([^/]+)\/subnets\/([^/]+)$/i.exec(id) ?? [];
  return network === undefined || subnet === undefined ? id : `${network}/${subnet}`;
}

function numberOf(number: number, thing: string): string {
  const plural = thing.endsWith('s') ? `${thing}es` : `${thing}s`;
  return `${number.toLocaleString('en')} ${number === 1 ? thing : plural}`;
}
