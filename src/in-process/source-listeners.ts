import { formatIpv4, parseAddress, parseRange } from '../address/address.ts';
import { reservedRanges } from '../firewall/validate.ts';
import type { OpenListener } from '../ingress/options.ts';
import { virtualNetworkId } from '../resources/keys.ts';
import { hasKeyVaultEndpoint, readSubnetById } from '../resources/networks/virtual-networks.ts';
import { openTcp } from '../supervisor/raw-socket.ts';
import type { RawSocket } from '../supervisor/raw-socket.ts';
import type { Store } from '../store/store.ts';
import type { Server } from '../worker/server.ts';
import type { PlaceFound } from './backend.ts';

interface SourceListenersParts {
  readonly server: Pick<Server, 'ingress' | 'rulebook'>;
  readonly store: Store;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/** Azure keeps the first four addresses of a subnet for itself. */
const firstUsable = 4;

/** A listener for each place that requests are to come from, opened when the first of them connects. */
export class SourceListeners {
  readonly #parts: SourceListenersParts;
  /** By the address, or by the subnet's incarnation. */
  readonly #opened = new Map<string, Promise<OpenListener>>();

  constructor(parts: SourceListenersParts) {
    this.#parts = parts;
  }

  /** @throws {TypeError} for what is neither a public address nor a subnet of the server */
  async find(place: string): Promise<PlaceFound> {
    const address = parseAddress(place);
    if (address === undefined) return this.#subnet(place);
    const reserved = address.family === 4 ? reservedAt(address.value) : undefined;
    if (reserved !== undefined) {
      throw new TypeError(
        `A vault sees no client at ${place} (${reserved}): give its subnet as 'network/subnet', or a public address.`,
      );
    }
    const { ingress } = this.#parts.server;
    const port = await this.#portOf(address.text, (handle) => ingress.addSeenAs(handle, { address: address.text }));
    return { port, address: address.text };
  }

  async #subnet(place: string): Promise<PlaceFound> {
    const { server, store } = this.#parts;
    const id = this.#idOf(place);
    const found = id === undefined ? undefined : await readSubnetById(id, store);
    if (id === undefined || found === undefined) {
      throw new TypeError(
        `There is no subnet '${place}': give a public address, 'network/subnet' or the id of a subnet.`,
      );
    }
    if (!hasKeyVaultEndpoint(found.subnet)) {
      throw new TypeError(
        `The subnet '${place}' has no service endpoint for Microsoft.KeyVault, so that a vault sees the public address of ` +
          'its NAT: give that address, or switch the endpoint on.',
      );
    }
    const { incarnation, addressPrefix } = found.subnet;
    const range = parseRange(addressPrefix);
    if (!range.ok) throw new TypeError(`The subnet '${place}' has no IPv4 range.`);
    const address = formatIpv4(Math.min(range.range.first + firstUsable, range.range.last));
    await server.rulebook.loadSubnet(incarnation);
    const subnet = { subnet: id.toLowerCase(), incarnation };
    const port = await this.#portOf(incarnation, (handle) => server.ingress.addSeenAs(handle, { address, subnet }));
    return { port, address, subnet: id };
  }

  #idOf(place: string): string | undefined {
    if (place.startsWith('/')) return place;
    const [network, subnet, ...rest] = place.split('/');
    if (network === undefined || subnet === undefined || rest.length > 0) return undefined;
    const { subscriptionId, resourceGroup } = this.#parts;
    return `${virtualNetworkId({ subscriptionId, resourceGroup, name: network })}/subnets/${subnet}`;
  }

  async #portOf(key: string, open: (handle: object) => Promise<OpenListener>): Promise<number> {
    const opening = this.#opened.get(key) ?? this.#keep(key, open);
    const { address } = await opening;
    if (typeof address !== 'object' || address === null) throw new Error('a TCP listener has no port');
    return address.port;
  }

  #keep(key: string, open: (handle: object) => Promise<OpenListener>): Promise<OpenListener> {
    const { socket } = boundSocket(0);
    const opening = open(socket);
    this.#opened.set(key, opening);
    opening.catch(() => {
      socket.close();
      // Opened again after a failure.
      this.#opened.delete(key);
    });
    return opening;
  }
}

/** The name of the reserved range that an address is in. */
function reservedAt(address: number): string | undefined {
  return reservedRanges.find(({ first, last }) => first <= address && address <= last)?.name;
}

/** A socket on 127.0.0.1, which listens once it is given to a server; port 0 means any. */
export function boundSocket(port: number): { readonly socket: RawSocket; readonly port: number } {
  const opened = openTcp('127.0.0.1', port);
  if (!opened.ok) throw new Error(`127.0.0.1:${port} cannot be listened on: ${opened.code}`);
  return opened;
}
