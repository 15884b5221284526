/** When the supervisor considers a worker hung, that is, its event loop blocked. */
export interface HeartbeatTimes {
  /** The interval of pings, in milliseconds. */
  readonly everyMs: number;
  /** The most unanswered pings in a row of a worker that is serving. */
  readonly missedMax: number;
  /** The same for a worker that is starting: recovering and reading a large database may take one long step. */
  readonly missedStartingMax: number;
}

/** No step of a healthy worker takes seconds, however busy the machine is, so half a minute of silence is a fault. */
export const heartbeatTimes: HeartbeatTimes = { everyMs: 1_000, missedMax: 30, missedStartingMax: 300 };

/**
 * Counts the pings that a worker has not answered. It counts ticks of our own timer, not time: while this process is
 * stopped or the machine sleeps nothing is counted, so a worker is not blamed for that.
 */
export class Heartbeat {
  readonly #times: HeartbeatTimes;
  #missed = 0;
  #ready = false;

  constructor(times: HeartbeatTimes) {
    this.#times = times;
  }

  /** The worker answered a ping or sent another message, so its event loop is running. */
  heard(): void {
    this.#missed = 0;
  }

  ready(): void {
    this.#ready = true;
    this.#missed = 0;
  }

  /** Call before each ping. Returns how long the worker has been silent, in seconds, if that is too long. */
  tick(): { readonly silentSeconds: number } | undefined {
    const { everyMs, missedMax, missedStartingMax } = this.#times;
    const allowed = this.#ready ? missedMax : missedStartingMax;
    if (this.#missed >= allowed) return { silentSeconds: Math.round((this.#missed * everyMs) / 1_000) };
    this.#missed += 1;
    return undefined;
  }
}
