import { parseRange } from '../address/range.ts';
import { parseAddress } from '../address/address.ts';
import { part, readArray, readChoice, refuse } from '../firewall/json.ts';
import type { Read } from '../firewall/json.ts';
import { membersOf, without } from './members.ts';
import { refuseResource } from './refusal.ts';
import type { ResourceOutcome } from './refusal.ts';
import { isServiceTag } from './service-tags.ts';

/** Something that lies in a resource and has an id of its own: a security rule, a route. `properties` as they were sent. */
export interface Item {
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Azure's (virtual-network "network security groups overview"). */
const priorities = { least: 100, most: 4096 };

const sides = ['source', 'destination'] as const;
const needed = ['protocol', 'access', 'priority', 'direction'] as const;
const choices = {
  protocol: ['*', 'Tcp', 'Udp', 'Icmp', 'Esp', 'Ah'],
  access: ['Allow', 'Deny'],
  direction: ['Inbound', 'Outbound'],
} as const;

/** Reads `properties` of a security rule; words in any case, given back in Azure's. */
export function readSecurityRule(value: unknown, path: string): Read<Item['properties']> {
  const members = without(membersOf(value), ['provisioningState']);
  const missing = needed.find((name) => members[name] === undefined || members[name] === null);
  if (missing !== undefined) return refuse({ kind: 'missingMember', path, member: missing });
  const words: Record<string, unknown> = {};
  for (const name of ['protocol', 'access', 'direction'] as const) {
    const read = readChoice(members[name], `${path}.${name}`, choices[name]);
    if (!read.ok) return read;
    words[name] = read.value;
  }
  const { priority } = members;
  const { least, most } = priorities;
  const fits = typeof priority === 'number' && Number.isInteger(priority) && priority >= least && priority <= most;
  if (!fits) {
    return wrong(`${path}.priority`, `a whole number from ${least} to ${most}`);
  }
  for (const side of sides) {
    const read = readSide(members, side, path);
    if (!read.ok) return read;
  }
  return { ok: true, value: { ...members, ...words } };
}

/** No two rules of a direction have one priority, and no two rules one name. */
export function checkSecurityRules(rules: readonly Item[]): ResourceOutcome<null> {
  const taken = new Map<string, string>();
  for (const { name, properties } of rules) {
    const { priority, direction } = properties;
    const place = `${String(direction)} ${String(priority)}`;
    const other = taken.get(place);
    if (other !== undefined) {
      return refuseResource({
        kind: 'securityRuleConflict',
        rules: [other, name],
        priority: Number(priority),
        direction: String(direction),
      });
    }
    taken.set(place, name);
  }
  return { ok: true, value: null };
}

function readSide(members: Record<string, unknown>, side: (typeof sides)[number], path: string): Read<null> {
  const groups = members[`${side}ApplicationSecurityGroups`];
  if (Array.isArray(groups) && groups.length > 0) {
    return wrong(
      `${path}.${side}ApplicationSecurityGroups`,
      'empty, for there are no application security groups here',
    );
  }
  const addresses = readBoth(members, { one: `${side}AddressPrefix`, many: `${side}AddressPrefixes` }, path, isPrefix);
  if (!addresses.ok) return addresses;
  return readBoth(members, { one: `${side}PortRange`, many: `${side}PortRanges` }, path, isPortRange);
}

/** Either the one member or the list must say something, and each thing must be right. */
function readBoth(
  members: Record<string, unknown>,
  { one, many }: { readonly one: string; readonly many: string },
  path: string,
  rule: Rule,
): Read<null> {
  const single = members[one];
  const list = readArray(members[many] ?? [], `${path}.${many}`, (value, at) => readBy(value, at, rule));
  if (!list.ok) return list;
  const hasSingle = single !== undefined && single !== null && single !== '';
  if (hasSingle === list.value.length > 0) {
    return hasSingle
      ? wrong(`${path}.${many}`, `empty, because ${one} is given as well`)
      : refuse({ kind: 'missingMember', path, member: one });
  }
  return hasSingle ? part(readBy(single, `${path}.${one}`, rule), () => null) : part(list, () => null);
}

interface Rule {
  readonly expected: string;
  readonly holds: (text: string) => boolean;
}

function readBy(value: unknown, path: string, rule: Rule): Read<string> {
  return typeof value === 'string' && rule.holds(value) ? { ok: true, value } : wrong(path, rule.expected);
}

const isPrefix: Rule = {
  expected:
    "'*', an address, a range in CIDR notation or a service tag such as AzureKeyVault or AzureKeyVault.WestEurope",
  holds: (text) => text === '*' || parseRange(text).ok || isIpv6(text) || isServiceTag(text),
};

const isPortRange: Rule = {
  expected: "'*', a port, or two of them as in 8000-8080",
  holds(text) {
    if (text === '*') return true;
    const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
    return first !== '' && Number(first) <= Number(last) && Number(last) <= 65_535;
  },
};

function isIpv6(text: string): boolean {
  const [address = '', prefix = '128', ...more] = text.split('/');
  return (
    more.length === 0 &&
    address.includes(':') &&
    parseAddress(address) !== undefined &&
    /^\d{1,3}$/.test(prefix) &&
    Number(prefix) <= 128
  );
}

function wrong(path: string, expected: string) {
  return refuse({ kind: 'wrongType', path, expected, found: 'another value' });
}

/**
 * What every group has below its own rules (virtual-network "default security rules"): name, direction, priority, access,
 * from, to, description.
 */
export const defaultSecurityRules: readonly Item[] = (
  [
    [
      'AllowVnetInBound',
      'Inbound',
      65_000,
      'Allow',
      'VirtualNetwork',
      'VirtualNetwork',
      'Allow inbound traffic from all VMs in VNET',
    ],
    [
      'AllowAzureLoadBalancerInBound',
      'Inbound',
      65_001,
      'Allow',
      'AzureLoadBalancer',
      '*',
      'Allow inbound traffic from azure load balancer',
    ],
    ['DenyAllInBound', 'Inbound', 65_500, 'Deny', '*', '*', 'Deny all inbound traffic'],
    [
      'AllowVnetOutBound',
      'Outbound',
      65_000,
      'Allow',
      'VirtualNetwork',
      'VirtualNetwork',
      'Allow outbound traffic from all VMs to all VMs in VNET',
    ],
    [
      'AllowInternetOutBound',
      'Outbound',
      65_001,
      'Allow',
      '*',
      'Internet',
      'Allow outbound traffic from all VMs to Internet',
    ],
    ['DenyAllOutBound', 'Outbound', 65_500, 'Deny', '*', '*', 'Deny all outbound traffic'],
  ] as const
).map(([name, direction, priority, access, sourceAddressPrefix, destinationAddressPrefix, description]) => ({
  name,
  properties: {
    protocol: '*',
    sourcePortRange: '*',
    destinationPortRange: '*',
    sourceAddressPrefix,
    destinationAddressPrefix,
    access,
    priority,
    direction,
    description,
    sourcePortRanges: [],
    destinationPortRanges: [],
    sourceAddressPrefixes: [],
    destinationAddressPrefixes: [],
  },
}));
