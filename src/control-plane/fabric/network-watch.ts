import type { Socket } from 'node:net';
import { isOfNetworks } from '../../resources/keys.ts';

/** Why a wait ended: something has changed, or it was over without a change. */
export type Waited = 'changed' | 'over';

/** A wait that would be one too many, of its caller or of the whole server, with the number of those that are. */
export interface WaitRefused {
  readonly waiting: number;
  readonly whose: 'caller' | 'server';
}

export interface WaitOptions {
  /** Object id of the caller. */
  readonly caller: string;
  /** The client's connection: a wait ends with it. `undefined` for a request of the server's own. */
  readonly socket: Socket | undefined;
  readonly waitMs: number;
}

interface Wait {
  readonly caller: string;
  readonly end: (how: Waited) => void;
}

const limits = { caller: 8, server: 64 } as const;

/**
 * Counts the commits that change networks, and wakes the requests that wait for the next one. A request counts first,
 * then reads, then waits for a commit after that count: so none is missed.
 */
export class NetworkWatch {
  #commits = 0;
  #ended = false;
  readonly #waits = new Set<Wait>();

  /** How many commits there were so far. */
  get commits(): number {
    return this.#commits;
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** Call it with the keys of each commit. */
  committed(keys: readonly string[]): void {
    if (keys.some(isOfNetworks)) this.changed();
  }

  /** Networks may have changed. */
  changed(): void {
    this.#commits += 1;
    this.#endAll('changed');
  }

  /**
   * Waits until there is a commit after the first `commits`, the time is up, the client is gone or the server stops.
   * Returns at once what would make one wait too many.
   */
  after(commits: number, { caller, socket, waitMs }: WaitOptions): Promise<Waited> | WaitRefused {
    if (this.#commits > commits) return Promise.resolve('changed');
    if (this.#ended || socket?.destroyed === true) return Promise.resolve('over');
    const own = [...this.#waits].filter((wait) => wait.caller === caller).length;
    if (own >= limits.caller) return { waiting: own, whose: 'caller' };
    if (this.#waits.size >= limits.server) return { waiting: this.#waits.size, whose: 'server' };
    const { promise, resolve } = Promise.withResolvers<Waited>();
    const over = () => wait.end('over');
    const timer = setTimeout(over, waitMs);
    const wait: Wait = {
      caller,
      end: (how) => {
        clearTimeout(timer);
        socket?.off('close', over);
        this.#waits.delete(wait);
        resolve(how);
      },
    };
    socket?.once('close', over);
    this.#waits.add(wait);
    return promise;
  }

  /** Ends all waits, and from now on none begins: the server stops. */
  end(): void {
    this.#ended = true;
    this.#endAll('over');
  }

  #endAll(how: Waited): void {
    for (const wait of this.#waits) wait.end(how);
  }
}
