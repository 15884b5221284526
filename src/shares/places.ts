/** How many connections there may be. */
interface PlaceLimits {
  readonly total: number;
  /** Of one source: an IPv4 address, an IPv6 network of 64 bits, or an address inside a subnet. */
  readonly perSource: number;
}

/** Connections in the order in which they came into the state that they are in. */
type InOrder<C> = Iterable<C> & { readonly size: number };

/** The connections of one source, or of all, as far as they may go. */
export interface Standing<C> {
  readonly size: number;
  /** Those that never brought a request, oldest first. */
  readonly silent: InOrder<C>;
  /** Those between two requests, idle longest first. */
  readonly idle: InOrder<C>;
  /** Those with a request in flight, longest first. */
  readonly busy: InOrder<C>;
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

function leaving<C>(candidates: readonly InOrder<C>[], limit: number): Room<C> {
  const [connection] = candidates.find(({ size }) => size > 0) ?? [];
  return connection === undefined ? { kind: 'full', limit } : { kind: 'goes', connection, limit };
}

/** A connection in one of the queues of a `Standing`. */
interface Queued<C> {
  readonly connection: C;
  queue: Queue<C>;
  before: Queued<C> | undefined;
  after: Queued<C> | undefined;
}

/** A linked list, between two of which a connection moves without anything being made: each request moves it twice. */
class Queue<C> implements InOrder<C> {
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

  /** Takes it out of the queue that it is in. */
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

interface Place<C> {
  source: string;
  standing: Counted<C>;
  /** Requests in flight. */
  requests: number;
  readonly inAll: Queued<C>;
  inSource: Queued<C>;
}

interface Counted<C> extends Standing<C> {
  size: number;
  readonly silent: Queue<C>;
  readonly idle: Queue<C>;
  readonly busy: Queue<C>;
}

/** Those whose source is not known, or not yet: they have no share among each other. */
const unnamed = 'unnamed';

/**
 * Connections, or whatever else takes up places, by source and in the order that `whoGoes` asks for. Each step takes the
 * same short time, however many there are.
 */
export class Places<C> {
  readonly #limits: PlaceLimits;
  readonly #places = new Map<C, Place<C>>();
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
    const standing = this.#count(source, 1);
    const [inAll, inSource] = [this.#all.silent.add(connection), standing.silent.add(connection)];
    this.#places.set(connection, { source, standing, requests: 0, inAll, inSource });
    this.#all.size += 1;
  }

  /** Whether a connection has room among those of the source that a proxy named for it. */
  roomToMove(source: string): Room<C> {
    const { perSource } = this.#limits;
    return whoGoes({ own: this.#of(source), greediest: counted(), all: counted() }, { total: Infinity, perSource });
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
    // It changes by one, so that the next one down is there where this one is not any more.
    if (standing.size > this.#most) this.#most = standing.size;
    else if (this.#most > 0 && !this.#bySize.has(this.#most)) this.#most -= 1;
    return standing;
  }
}

function counted<C>(): Counted<C> {
  return { size: 0, silent: new Queue(), idle: new Queue(), busy: new Queue() };
}
