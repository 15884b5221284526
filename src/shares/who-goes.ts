/** How many connections there may be. */
export interface PlaceLimits {
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
