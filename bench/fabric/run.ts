/** The arguments of a part of the bench. */
export interface Run {
  /** Removes all that the part makes, also when the part fails. */
  readonly stack: AsyncDisposableStack;
  readonly rounds: number;
  /** Aborted by a signal: the part asks it before each round. */
  readonly stop: AbortSignal;
}
