/** How many connections there may be. */
interface PlaceLimits {
  readonly total: number;
  /** Of one source: an IPv4 address, an IPv6 network of 64 bits, or an address inside a subnet. */
  readonly perSource: number;
}

/** The connections of one source, or of all, as far as they may go. */
export interface Standing<C> {
  readonly size: number;
  /** Those that never brought a request, oldest first. */
  readonly silent: ReadonlySet<C>;
  /** Those between two requests, idle longest first. */
  readonly idle: ReadonlySet<C>;
  /** Those with a request in flight, longest first. */
  readonly busy: ReadonlySet<C>;
}

/** Whether there is room for one more connection; `goes` has to be ended for it. `full` names the limit that is reached. */
export type Room<C> =
  | { readonly kind: 'room' }
  | { readonly kind: 'goes'; readonly connection: C; readonly limit: number }
  | { readonly kind: 'full'; readonly limit: number };

/**
 * Decides which connection ends when one more comes. A source that has its share makes room itself. When all places are taken, the
 * source that has the most makes room, which may be the newcomer's; then whoever did the least. Of those with a request in
 * flight one goes only then, and only of the source that has the most.
 */
export function whoGoes<C>(
  { own, greediest, all }: Readonly<Record<'own' | 'greediest' | 'all', Standing<C>>>,
  { total, perSource }: PlaceLimits,
): Room<C> {
  if (own.size >= perSource) return leaving([own.silent, own.idle], perSource);
  if (all.size < total) return { kind: 'room' };
  if (greediest.size <= own.size) return leaving([own.silent, own.idle], total);
  return leaving([greediest.silent, greediest.idle, all.silent, all.idle, greediest.busy], total);
}

function leaving<C>(candidates: readonly ReadonlySet<C>[], limit: number): Room<C> {
  const [connection] = candidates.find(({ size }) => size > 0) ?? [];
  return connection === undefined ? { kind: 'full', limit } : { kind: 'goes', connection, limit };
}

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

/** Those whose source is not known, or not yet: they have no share among each other. */
const unnamed = 'unnamed';

/**
 * Connections, or whatever else takes up places, by source and in the order that `whoGoes` asks for. Each step takes the
 * same short time, however many there are.
 */
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
