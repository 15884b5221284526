import type { Source } from '../types/source.ts';
import type { Address } from '../types/address.ts';
import { whoGoes } from './who-goes.ts';
import type { PlaceLimits, Room, Standing } from './who-goes.ts';

interface Place {
  source: string;
  /** Requests in flight. */
  requests: number;
}

interface Counted<C> extends Standing<C> {
  size: number;
  readonly silent: Set<C>;
  readonly idle: Set<C>;
  readonly busy: Set<C>;
}

/** Connections that a proxy has not named the source of yet: it, and not a client, is at their other end. */
const unnamed = 'unnamed';

/** The connections of a listener by source, in the order that `whoGoes` asks for; each step takes the same short time. */
export class Places<C> {
  readonly #limits: PlaceLimits;
  readonly #places = new Map<C, Place>();
  readonly #all: Counted<C> = counted();
  readonly #bySource = new Map<string, Counted<C>>();
  /** The sources by how many connections they have. */
  readonly #bySize = new Map<number, Set<string>>();
  #most = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Whether a connection of that source has room. */
  roomFor(source: string = unnamed): Room<C> {
    const { total, perSource } = this.#limits;
    const limits = { total, perSource: source === unnamed ? Infinity : perSource };
    const [greediest = unnamed] = this.#bySize.get(this.#most) ?? [];
    return whoGoes({ own: this.#of(source), greediest: this.#of(greediest), all: this.#all }, limits);
  }

  add(connection: C, source: string = unnamed): void {
    this.#places.set(connection, { source, requests: 0 });
    this.#all.size += 1;
    this.#all.silent.add(connection);
    this.#count(source, 1).silent.add(connection);
  }

  /** Whether a connection has room among those of the source that a proxy named for it. */
  roomToMove(source: string): Room<C> {
    const { perSource } = this.#limits;
    return whoGoes({ own: this.#of(source), greediest: counted(), all: counted() }, { total: Infinity, perSource });
  }

  move(connection: C, source: string): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    this.#count(place.source, -1).silent.delete(connection);
    place.source = source;
    this.#count(source, 1).silent.add(connection);
  }

  begin(connection: C): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    place.requests += 1;
    if (place.requests > 1) return;
    for (const standing of [this.#all, this.#of(place.source)]) {
      if (!standing.silent.delete(connection)) standing.idle.delete(connection);
      standing.busy.add(connection);
    }
  }

  end(connection: C): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    place.requests -= 1;
    if (place.requests > 0) return;
    for (const standing of [this.#all, this.#of(place.source)]) {
      standing.busy.delete(connection);
      standing.idle.add(connection);
    }
  }

  remove(connection: C): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    this.#places.delete(connection);
    this.#all.size -= 1;
    for (const { silent, idle, busy } of [this.#all, this.#count(place.source, -1)]) {
      for (const connections of [silent, idle, busy]) connections.delete(connection);
    }
  }

  #of(source: string): Counted<C> {
    return this.#bySource.get(source) ?? counted();
  }

  #count(source: string, by: 1 | -1): Counted<C> {
    const standing = this.#of(source);
    this.#bySource.set(source, standing);
    const before = this.#bySize.get(standing.size);
    before?.delete(source);
    if (before?.size === 0) this.#bySize.delete(standing.size);
    standing.size += by;
    if (standing.size === 0) {
      this.#bySource.delete(source);
    } else {
      const peers = this.#bySize.get(standing.size) ?? new Set();
      this.#bySize.set(standing.size, peers.add(source));
    }
    // It changes by one, so that the next one down is there where this one is not any more.
    if (standing.size > this.#most) this.#most = standing.size;
    else if (this.#most > 0 && !this.#bySize.has(this.#most)) this.#most -= 1;
    return standing;
  }
}

function counted<C>(): Counted<C> {
  return { size: 0, silent: new Set(), idle: new Set(), busy: new Set() };
}

/** What connections are counted by; `undefined` for one whose source is not known. */
export function placeOfAddress(address: Address | undefined): string | undefined {
  if (address === undefined) return undefined;
  return address.family === 4 ? address.text : networkOf64(address.text);
}

export function placeOfSource(source: Source): string | undefined {
  if (source.kind === 'unknown') return undefined;
  const address = placeOfAddress(source.address);
  return source.kind === 'subnet' ? `${source.incarnation} ${address}` : address;
}

/** One site has at least 64 bits of addresses (RFC 6177 section 2), each of which could be a client's. */
function networkOf64(text: string): string {
  const [head = '', tail] = text.split('%', 1).join('').split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const middle = tail === undefined ? 0 : 8 - first.length - last.length;
  return `${[...first, ...Array.from({ length: middle }, () => '0'), ...last].slice(0, 4).join(':')}::/64`;
}
