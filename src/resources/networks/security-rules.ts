import { parseAddress, parseRange } from '../../address/address.ts';
import { accept, breached, missing, wrong } from '../../shape/fault.ts';
import { array, choice, each, optional, refine, string, wholeNumber } from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import { networkObject, securityRuleMembers } from './network-members.ts';
import { refuseResource } from '../refusal.ts';
import type { ResourceBreach, ResourceOutcome } from '../refusal.ts';
import { isServiceTag } from './service-tags.ts';

/** An item of a resource, with its own id: a security rule or a route. `properties` as they were sent. */
export interface Item {
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

const addressPrefix: Shape<string, ResourceBreach> = refine(string, (value) =>
  value === '*' || parseRange(value).ok || isIpv6(value) || isServiceTag(value)
    ? accept(value)
    : breached(value, { kind: 'securityRulePrefixInvalid', value }),
);

const portRange = stringThat("'*', a port, or two of them as in 8000-8080", (ports) => {
  if (ports === '*') return true;
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(ports) ?? [];
  return first !== '' && Number(first) <= Number(last) && Number(last) <= 65_535;
});

const noGroups: Shape<unknown> = (value) =>
  Array.isArray(value) && value.length > 0
    ? wrong(value, 'empty, because application security groups are not supported')
    : accept(value);

/** The `properties` of a security rule. Words are accepted in any case and returned in Azure's. */
export const securityRule: Shape<Item['properties'], ResourceBreach> = refine(
  networkObject(securityRuleMembers, {
    protocol: choice(['*', 'Tcp', 'Udp', 'Icmp', 'Esp', 'Ah']),
    access: choice(['Allow', 'Deny']),
    // Azure's range (virtual-network "network security groups overview").
    priority: wholeNumber(100, 4096),
    direction: choice(['Inbound', 'Outbound']),
    ...each(['sourceApplicationSecurityGroups', 'destinationApplicationSecurityGroups'], optional(noGroups)),
    ...each(['sourceAddressPrefix', 'destinationAddressPrefix'], optional(emptyOr(addressPrefix))),
    ...each(['sourceAddressPrefixes', 'destinationAddressPrefixes'], optional(array(addressPrefix))),
    ...each(['sourcePortRange', 'destinationPortRange'], optional(emptyOr(portRange))),
    ...each(['sourcePortRanges', 'destinationPortRanges'], optional(array(portRange))),
  }),
  (rule) => {
    for (const side of ['source', 'destination'] as const) {
      for (const [one, many] of [
        [`${side}AddressPrefix`, `${side}AddressPrefixes`],
        [`${side}PortRange`, `${side}PortRanges`],
      ] as const) {
        const hasOne = (rule[one] ?? '') !== '';
        const hasMany = (rule[many] ?? []).length > 0;
        if (hasOne && hasMany) return wrong(rule[many], `empty, because ${one} is also set`, [many]);
        if (!hasOne && !hasMany) return missing(one);
      }
    }
    return accept(rule);
  },
);

function emptyOr<B>(shape: Shape<string, B>): Shape<string, B> {
  return (value) => (value === '' ? accept(value) : shape(value));
}

function stringThat(expected: string, holds: (value: string) => boolean): Shape<string> {
  return (value) => (typeof value === 'string' && holds(value) ? accept(value) : wrong(value, expected));
}

function isIpv6(range: string): boolean {
  const [address = '', prefix = '128', ...more] = range.split('/');
  return (
    more.length === 0 &&
    address.includes(':') &&
    parseAddress(address) !== undefined &&
    /^\d{1,3}$/.test(prefix) &&
    Number(prefix) <= 128
  );
}

/** Checks that no two rules of a direction have the same priority. */
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

/**
 * The default rules of every group, below its own (virtual-network "default security rules"): name, direction, priority,
 * access, source, destination, description.
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
