import { parseIpv4, parseRange } from '../../address/address.ts';
import { accept, wrong } from '../../shape/fault.ts';
import { array, optional, refine, string } from '../../shape/shape.ts';
import { networkObject } from './network-members.ts';

/** Azure's limit of addresses and prefixes in a group (subscription and service limits, Azure Firewall). */
const addressesMax = 5_000;

const addresses = refine(string, (given) =>
  parseRange(given).ok || isSpan(given)
    ? accept(given)
    : wrong(
        given,
        'an IPv4 address, a range such as 10.0.0.0/24, or a first and last address such as 10.0.0.4-10.0.0.9',
      ),
);

const ipAddresses = refine(array(addresses), (all) =>
  all.length <= addressesMax ? accept(all) : wrong(all, `a list of at most ${addressesMax} addresses`),
);

/**
 * `Microsoft.Network/ipGroups`: addresses under one name. They are checked and stored; only Azure's own firewall can refer
 * to such a group, a vault's rules cannot.
 */
export const ipGroup = networkObject(
  {
    objectType: 'IpGroupProperties',
    kept: ['ipAddresses'],
    empty: [],
    made: ['firewallPolicies', 'firewalls', 'provisioningState'],
  },
  { ipAddresses: optional(ipAddresses, []) },
);

function isSpan(span: string): boolean {
  const [first, last, ...more] = span.split('-').map(parseIpv4);
  return first !== undefined && last !== undefined && more.length === 0 && first <= last;
}
