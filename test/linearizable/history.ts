/**
 * What the clients of a server saw, for the checks of linearizability. Moments are drawn from one counter, so that no two
 * are the same: one operation is before another if it was answered before the other was sent.
 */
export interface Moments {
  readonly sentAt: number;
  /** `Infinity` for an answer that did not come. */
  readonly answeredAt: number;
}

/** A write or a read of a register, each write with a value of its own. */
export interface RegisterOperation extends Moments {
  readonly kind: 'write' | 'read';
  readonly value: string;
  /**
   * Of a write. `unknown`: it may happen at any time after it was sent, or never. `refused`: the answer says that nothing
   * was changed.
   */
  readonly outcome: 'done' | 'unknown' | 'refused';
}

/** Draws the moments of a history and keeps its operations. */
export class History {
  readonly operations: RegisterOperation[] = [];
  #moment = 0;

  next(): number {
    this.#moment += 1;
    return this.#moment;
  }

  /** An operation that has just been answered. */
  answered(operation: Omit<RegisterOperation, 'answeredAt'>): void {
    this.operations.push({ ...operation, answeredAt: this.next() });
  }

  /** A write whose answer did not come, or says that it may have happened. A read that is not answered is left out. */
  unanswered(operation: Pick<RegisterOperation, 'value' | 'sentAt'>): void {
    this.operations.push({ ...operation, kind: 'write', outcome: 'unknown', answeredAt: Number.POSITIVE_INFINITY });
  }
}
