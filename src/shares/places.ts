/** How many connections are allowed. */
interface PlaceLimits {
  readonly total: number;
  /** For one source: an IPv4 address, an IPv6 network of 64 bits, or an address inside a subnet. */
  readonly perSource: number;
}

/** Connections in the order in which they entered their present state. */
type Ordered<C> = Iterable<C> & { readonly size: number };

/** The connections of one source, or of all, in the order in which they may be ended. */
export interface Queues<C> {
  readonly size: number;
  /** Those that never sent a request, oldest first. */
  readonly silent: Ordered<C>;
  /** Those between two requests, longest idle first. */
  readonly idle: Ordered<C>;
  /** Those with a request in flight, longest first. */
  readonly busy: Ordered<C>;
}

/**
 * Whether there is room for one more connection; `goes` must be ended for it. `full` names the limit that was reached.
 */
export type Room<C> =
  | { readonly kind: 'room' }
  | { readonly kind: 'goes'; readonly connection: C; readonly limit: number }
  | { readonly kind: 'full'; readonly limit: number };

/**
 * Decides which connection ends when one more arrives. A source that has used up its share makes room itself. When all
 * places are taken, the source with the most connections makes room, which may be the new one's; then the least active
 * connection of all. A connection with a request in flight ends only after those, and only of the source with the most.
 */
export function chooseLeaving<C>(
  { own, greediest, all }: Readonly<Record<'own' | 'greediest' | 'all', Queues<C>>>,
  { total, perSource }: PlaceLimits,
): Room<C> {
  if (own.size >= perSource) return leaving([own.silent, own.idle], perSource);
  if (all.size < total) return { kind: 'room' };
  if (greediest.size <= own.size) return leaving([own.silent, own.idle], total);
  return leaving([greediest.silent, greediest.idle, all.silent, all.idle, greediest.busy], total);
}

function leaving<C>(candidates: readonly Ordered<C>[], limit: number): Room<C> {
  const [connection] = candidates.find(({ size }) => size > 0) ?? [];
  return connection === undefined ? { kind: 'full', limit } : { kind: 'goes', connection, limit };
}

/** A connection in one of the queues of a `Queues`. */
interface Queued<C> {
  readonly connection: C;
  queue: Queue<C>;
  before: Queued<C> | undefined;
  after: Queued<C> | undefined;
}

/** A linked list. Moving a connection from one to another allocates nothing; each request moves it twice. */
class Queue<C> implements Ordered<C> {
  #size = 0;
  #first: Queued<C> | undefined;
  #last: Queued<C> | undefined;

  get size(): number {
    return this.#size;
  }

  *[Symbol.iterator](): Iterator<C> {
    for (let queued = this.#first; queued !== undefined; queued = queued.after) yield queued.connection;
  }

  add(connection: C): Queued<C> {
    const queued = { connection, queue: this, before: undefined, after: undefined };
    this.#append(queued);
    return queued;
  }

  /** Takes a connection out of the queue that it is in. */
  take(queued: Queued<C>): void {
    queued.queue.remove(queued);
    this.#append(queued);
  }

  remove(queued: Queued<C>): void {
    const { before, after } = queued;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    this.#size -= 1;
  }

  #append(queued: Queued<C>): void {
    queued.queue = this;
    queued.before = this.#last;
    queued.after = undefined;
    if (this.#last === undefined) this.#first = queued;
    else this.#last.after = queued;
    this.#last = queued;
    this.#size += 1;
  }
}

interface Placed<C> {
  source: string;
  standing: Counted<C>;
  /** Requests in flight. */
  requests: number;
  readonly inAll: Queued<C>;
  inSource: Queued<C>;
}

interface Counted<C> extends Queues<C> {
  size: number;
  readonly silent: Queue<C>;
  readonly idle: Queue<C>;
  readonly busy: Queue<C>;
}

/** For connections whose source is unknown, or not known yet: they have no share of their own. */
const unnamed = 'unnamed';

/**
 * Connections, or anything else that takes up places, by source and in the order that `chooseLeaving` needs. Each step takes
 * the same short time, however many there are.
 */
export class Places<C> {
  readonly #limits: PlaceLimits;
  readonly #places = new Map<C, Placed<C>>();
  readonly #all: Counted<C> = counted();
  readonly #bySource = new Map<string, Counted<C>>();
  /** The sources by their number of connections. */
  readonly #bySize = new Map<number, Set<string>>();
  #most = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Whether there is room for a connection of that source. */
  roomFor(source: string = unnamed): Room<C> {
    const { total, perSource } = this.#limits;
    const limits = { total, perSource: source === unnamed ? Infinity : perSource };
    const [greediest = unnamed] = this.#bySize.get(this.#most) ?? [];
    return chooseLeaving({ own: this.#of(source), greediest: this.#of(greediest), all: this.#all }, limits);
  }

  add(connection: C, source: string = unnamed): void {
    const standing = this.#count(source, 1);
    const [inAll, inSource] = [this.#all.silent.add(connection), standing.silent.add(connection)];
    this.#places.set(connection, { source, standing, requests: 0, inAll, inSource });
    this.#all.size += 1;
  }

  /** Whether there is room for a connection under the source that a proxy named for it. */
  roomToMove(source: string): Room<C> {
    const { perSource } = this.#limits;
    return chooseLeaving(
      { own: this.#of(source), greediest: counted(), all: counted() },
      { total: Infinity, perSource },
    );
  }

  move(connection: C, source: string): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    place.inSource.queue.remove(place.inSource);
    this.#count(place.source, -1);
    place.source = source;
    place.standing = this.#count(source, 1);
    place.inSource = place.standing.silent.add(connection);
  }

  begin(connection: C): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    place.requests += 1;
    if (place.requests > 1) return;
    this.#all.busy.take(place.inAll);
    place.standing.busy.take(place.inSource);
  }

  end(connection: C): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    place.requests -= 1;
    if (place.requests > 0) return;
    this.#all.idle.take(place.inAll);
    place.standing.idle.take(place.inSource);
  }

  remove(connection: C): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    this.#places.delete(connection);
    this.#all.size -= 1;
    place.inAll.queue.remove(place.inAll);
    place.inSource.queue.remove(place.inSource);
    this.#count(place.source, -1);
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
    // The size changes by one, so when the last source leaves this size, it is at the next lower one.
    if (standing.size > this.#most) this.#most = standing.size;
    else if (this.#most > 0 && !this.#bySize.has(this.#most)) this.#most -= 1;
    return standing;
  }
}

function counted<C>(): Counted<C> {
  return { size: 0, silent: new Queue(), idle: new Queue(), busy: new Queue() };
}
