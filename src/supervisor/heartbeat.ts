/** How the supervisor notices a worker whose event loop does not turn. */
export interface HeartbeatTimes {
  /** From one ping to the next, in milliseconds. */
  readonly everyMs: number;
  /** So many pings in a row go unanswered before a worker that serves is replaced. */
  readonly missedMax: number;
  /** The same while it starts: to recover and read a large database may take one long step. */
  readonly missedStartingMax: number;
}

/** No step of a healthy worker takes seconds, however busy the machine is; half a minute of silence is a fault. */
export const heartbeatTimes: HeartbeatTimes = { everyMs: 1_000, missedMax: 30, missedStartingMax: 300 };

/**
 * Counts the pings that a worker has not answered. It counts turns of our own timer, not time: while this process is
 * stopped, or the whole machine sleeps, nothing is counted, so that a worker is not blamed for what stopped us both.
 */
export class Heartbeat {
  readonly #times: HeartbeatTimes;
  #missed = 0;
  #ready = false;

  constructor(times: HeartbeatTimes) {
    this.#times = times;
  }

  /** The worker has answered a ping, or has said anything else: its event loop turns. */
  heard(): void {
    this.#missed = 0;
  }

  ready(): void {
    this.#ready = true;
    this.#missed = 0;
  }

  /** A ping is about to be sent. Says how long the worker has been silent, in seconds, when that is too long. */
  tick(): { readonly silentSeconds: number } | undefined {
    const { everyMs, missedMax, missedStartingMax } = this.#times;
    const allowed = this.#ready ? missedMax : missedStartingMax;
    if (this.#missed >= allowed) return { silentSeconds: Math.round((this.#missed * everyMs) / 1_000) };
    this.#missed += 1;
    return undefined;
  }
}
