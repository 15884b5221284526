import { parseIpv4, parseRange } from '../../address/address.ts';
import { accept, wrong } from '../../shape/fault.ts';
import { always, choice, refine } from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import { networkObject, routeMembers } from './network-members.ts';
import type { ResourceBreach } from '../refusal.ts';
import type { Item } from './security-rules.ts';
import { isServiceTag } from './service-tags.ts';

const addressPrefix: Shape<string> = (value) =>
  typeof value === 'string' && (parseRange(value).ok || isServiceTag(value))
    ? accept(value)
    : wrong(value, 'an IPv4 range in CIDR notation or a service tag');

/** The `properties` of a route. */
export const route: Shape<Item['properties'], ResourceBreach> = refine(
  networkObject(routeMembers, {
    nextHopType: always(choice(['VirtualNetworkGateway', 'VnetLocal', 'Internet', 'VirtualAppliance', 'None'])),
    addressPrefix: always(addressPrefix),
  }),
  (read) => {
    const { nextHopType, nextHopIpAddress } = read;
    const given = typeof nextHopIpAddress === 'string' && nextHopIpAddress !== '';
    const isRight = given ? parseIpv4(nextHopIpAddress) !== undefined : true;
    if (given === (nextHopType === 'VirtualAppliance') && isRight) return accept(read);
    const expected = 'an IPv4 address with the next hop VirtualAppliance, and nothing with any other';
    return wrong(nextHopIpAddress, expected, ['nextHopIpAddress']);
  },
);
