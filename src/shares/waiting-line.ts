import { Places } from './places.ts';

/** A site, and a name at that site. */
export type Party = readonly [site: string, name: string];

interface Waiting {
  readonly party: Party;
  readonly resolve: (turn: boolean) => void;
}

/**
 * A line in which sites take turns, and at a site its names: many waiting under one name do not delay the others. When
 * too many wait, the source with the most in the line loses the oldest.
 */
export class WaitingLine {
  readonly #places: Places<Waiting>;
  /** By site and by name, each in the order of their next turns. */
  readonly #sites = new Map<string, Map<string, Set<Waiting>>>();

  constructor(most: number) {
    this.#places = new Places({ total: most, perSource: Infinity });
  }

  /** Resolves to `true` when it is the turn of `party`, to `false` when there is no room to wait. */
  join(party: Party): Promise<boolean> {
    const room = this.#places.roomFor(party.join(' '));
    if (room.kind === 'full') return Promise.resolve(false);
    if (room.kind === 'goes') {
      this.#leave(room.connection);
      room.connection.resolve(false);
    }
    return new Promise((resolve) => {
      const waiting = { party, resolve };
      const [site, name] = party;
      const names = this.#sites.get(site) ?? new Map<string, Set<Waiting>>();
      this.#sites.set(site, names);
      names.set(name, (names.get(name) ?? new Set()).add(waiting));
      this.#places.add(waiting, party.join(' '));
    });
  }

  /** Gives the next one its turn; `false` when none waits. */
  next(): boolean {
    const [first] = this.#sites;
    if (first === undefined) return false;
    const [site, names] = first;
    const [[name, line] = ['', new Set<Waiting>()]] = names;
    const [waiting] = line;
    if (waiting === undefined) throw new Error('a name without anyone waiting was left in the line');
    this.#leave(waiting);
    // Both move to the end of their lines.
    if (names.delete(name) && line.size > 0) names.set(name, line);
    if (this.#sites.delete(site)) this.#sites.set(site, names);
    waiting.resolve(true);
    return true;
  }

  #leave(waiting: Waiting): void {
    const [site, name] = waiting.party;
    const names = this.#sites.get(site);
    const line = names?.get(name);
    line?.delete(waiting);
    if (line?.size === 0) names?.delete(name);
    if (names?.size === 0) this.#sites.delete(site);
    this.#places.remove(waiting);
  }
}
