/** The same message is said again after so long. */
const sayAgainMs = 3_600_000;

/** Remembers what was said to the operator, so that a lasting failure is not said at each attempt. */
export class Said {
  #message: string | undefined;
  #atMs = 0;

  /** Whether to say it now: it is another message, or was said an hour ago. `nowMs`: of a monotonic clock. */
  isDue(message: string, nowMs: number): boolean {
    if (message === this.#message && nowMs - this.#atMs < sayAgainMs) return false;
    this.#message = message;
    this.#atMs = nowMs;
    return true;
  }

  /** It is over: the next message is a new one. */
  forget(): void {
    this.#message = undefined;
  }
}
