import { StoreRefused } from '../refused.ts';
import type { RefusalKind } from '../refused.ts';
import { Unavailable } from '../store.ts';

/** The database is behind its own earlier answers. */
class ChangesLost extends Unavailable {}

const refusals: ReadonlySet<RefusalKind> = new Set(['olderCopy', 'noMark', 'damagedMark']);

/** Whether a database that answers is refused for what it has lost, so that an operator may accept it as it is. */
export function isRefusedForLoss(cause: unknown): boolean {
  return cause instanceof ChangesLost || (cause instanceof StoreRefused && refusals.has(cause.kind));
}

/** How far a process was told that the database has come. */
export interface Reached {
  readonly position: number;
  readonly number: number;
}

/** The loss of a database that is behind its own earlier answers; undefined if it is not behind. */
function lostSince(reached: Reached, { position, number }: Reached): string | undefined {
  if (position >= reached.position && number >= reached.number) return undefined;
  return (
    `the database is at position ${position} and batch ${number} of this node, and has acknowledged position ` +
    `${reached.position} and batch ${reached.number}: it has lost changes, by a restore or by a standby that was behind`
  );
}

/** Remembers how far the database has come, so that one that has lost what it acknowledged to this process is noticed. */
export class Progress {
  #reached: Reached = { position: 0, number: 0 };
  /** Whether what the database says counts as it is. */
  acceptsLoss = false;

  get reached(): Reached {
    return this.#reached;
  }

  /** A commit was acknowledged. */
  acknowledged({ position, number }: Reached): void {
    const before = this.#reached;
    this.#reached = { position: Math.max(before.position, position), number: Math.max(before.number, number) };
  }

  /**
   * @param before what was known when the question was sent
   * @throws {ChangesLost} when the answer is behind that
   */
  heard(found: Reached, before: Reached): void {
    const lost = lostSince(before, found);
    if (lost !== undefined && !this.acceptsLoss) throw new ChangesLost(lost);
    if (lost === undefined) this.acknowledged(found);
    else this.#reached = { position: found.position, number: found.number };
  }
}
