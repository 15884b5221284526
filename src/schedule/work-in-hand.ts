import { Conflict } from '../store/store.ts';
import { renewEveryMs } from './leases.ts';
import type { Leased, Leases } from './leases.ts';

interface InHand {
  /** With the last version of its lease. */
  work: Leased;
  renewing: Promise<void>;
  isEnding: boolean;
}

/**
 * The work of this process, whose leases it renews until they end: another process takes over only work whose lease
 * has ended. A process that has the store to itself renews nothing.
 */
export class WorkInHand {
  readonly #leases: Pick<Leases, 'renew' | 'giveBack'>;
  readonly #alone: boolean;
  readonly #works = new Map<string, InHand>();
  #timer: NodeJS.Timeout | undefined;

  constructor(leases: Pick<Leases, 'renew' | 'giveBack'>, { alone }: { readonly alone: boolean }) {
    this.#leases = leases;
    this.#alone = alone;
  }

  add(work: Leased): void {
    if (this.#alone || this.#works.has(work.key)) return;
    this.#works.set(work.key, { work, renewing: Promise.resolve(), isEnding: false });
    this.#timer ??= setInterval(() => void this.renew(), renewEveryMs).unref();
  }

  /** The work with its lease as it is, which is not renewed until `goOn`. */
  async ending(work: Leased): Promise<Leased> {
    const inHand = this.#works.get(work.key);
    if (inHand === undefined) return work;
    inHand.isEnding = true;
    await inHand.renewing;
    return inHand.work;
  }

  /** The lease did not end. */
  goOn({ key }: Leased): void {
    const inHand = this.#works.get(key);
    if (inHand !== undefined) inHand.isEnding = false;
  }

  remove({ key }: Leased): void {
    this.#works.delete(key);
  }

  async renew(): Promise<void> {
    const renewed = [...this.#works.values()].filter(({ isEnding }) => !isEnding);
    for (const inHand of renewed) inHand.renewing = inHand.renewing.then(() => this.#renew(inHand));
    await Promise.all(renewed.map(({ renewing }) => renewing));
  }

  /** Gives back what is left, so that the others need not wait until the leases end. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const left = [...this.#works.values()];
    await Promise.all(left.map(({ renewing }) => renewing));
    // A store that cannot be written: the leases end by themselves.
    await this.#leases.giveBack(left.map(({ work }) => work)).catch(() => undefined);
  }

  async #renew(inHand: InHand): Promise<void> {
    try {
      inHand.work = await this.#leases.renew(inHand.work);
    } catch (error) {
      // It is another's, and the commit of this work will fail. After any other failure the next renewal may succeed.
      if (error instanceof Conflict) this.#works.delete(inHand.work.key);
    }
  }
}
