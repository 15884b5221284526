import { formatIpv4, parseIpv4 } from '../../address/address.ts';
import { parseRange } from '../../address/range.ts';
import type { Range } from '../../address/range.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { networkPath, readNetworkOf } from './resource.ts';

/** How many others are named in the place of one that is taken. */
const offered = 5;

/**
 * Whether an address can be given to somebody in a virtual network. Nobody has one here: only what Azure keeps of each
 * subnet, its first four addresses and its last, is taken.
 */
export const checkIpAddressAvailability: ControlOperation = {
  method: 'GET',
  path: `${networkPath}/CheckIPAddressAvailability`,
  action: 'Microsoft.Network/virtualNetworks/checkIpAddressAvailability/read',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const text = call.query['ipAddress'] ?? '';
    const address = parseIpv4(text);
    if (address === undefined) {
      const message = `The query parameter ipAddress is ${JSON.stringify(text.slice(0, 64))}; give an IPv4 address.`;
      return refuse({ kind: 'badQuery', message });
    }
    const subnets = found.network.subnets.flatMap(({ addressPrefix }) => {
      const parsed = parseRange(addressPrefix);
      return parsed.ok ? [parsed.range] : [];
    });
    const subnet = subnets.find(({ first, last }) => address >= first && address <= last);
    if (subnet === undefined) return refuse({ kind: 'addressInNoSubnet', address: text });
    if (!isKept(address, subnet)) return answer(200, { available: true, isPlatformReserved: false });
    const others = Array.from({ length: offered }, (_, index) => subnet.first + 4 + index);
    const free = others.filter((other) => other < subnet.last);
    return answer(200, { available: false, availableIPAddresses: free.map(formatIpv4), isPlatformReserved: true });
  },
};

/** Network address, gateway, two for DNS, and the broadcast address (virtual-networks-faq). */
function isKept(address: number, { first, last }: Range): boolean {
  return address < first + 4 || address === last;
}
