import { parseIpv4 } from '../address/address.ts';
import { parseRange } from '../address/range.ts';
import { readChoice, refuse } from '../firewall/json.ts';
import type { Read } from '../firewall/json.ts';
import { membersOf, without } from './members.ts';
import type { Item } from './security-rules.ts';
import { isServiceTag } from './service-tags.ts';

const hops = ['VirtualNetworkGateway', 'VnetLocal', 'Internet', 'VirtualAppliance', 'None'] as const;

/** Reads `properties` of a route. */
export function readRoute(value: unknown, path: string): Read<Item['properties']> {
  const members = without(membersOf(value), ['provisioningState', 'hasBgpOverride']);
  const { addressPrefix, nextHopType, nextHopIpAddress } = members;
  const hop = readChoice(nextHopType, `${path}.nextHopType`, hops);
  if (!hop.ok) return hop;
  const isPrefix = typeof addressPrefix === 'string' && (parseRange(addressPrefix).ok || isServiceTag(addressPrefix));
  if (!isPrefix) {
    return refuse({
      kind: 'wrongType',
      path: `${path}.addressPrefix`,
      expected: 'an IPv4 range in CIDR notation or a service tag',
      found: 'another value',
    });
  }
  const given = typeof nextHopIpAddress === 'string' && nextHopIpAddress !== '';
  const isRight = given ? parseIpv4(nextHopIpAddress) !== undefined : true;
  if (given !== (hop.value === 'VirtualAppliance') || !isRight) {
    return refuse({
      kind: 'wrongType',
      path: `${path}.nextHopIpAddress`,
      expected: 'an IPv4 address with the next hop VirtualAppliance, and nothing with any other',
      found: 'another value',
    });
  }
  return { ok: true, value: { ...members, nextHopType: hop.value } };
}
