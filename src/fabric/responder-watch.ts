import { messageOf } from './failed.ts';
import { isAlive, type ProcessMark } from './processes.ts';

/** How long a start that failed waits until it is tried again: twice as long each time. */
const [leastWaitMs, mostWaitMs] = [300, 30_000];

interface ResponderWatchOptions {
  readonly responder: ProcessMark;
  /** Starts it again; `undefined` where the rest of the fabric ends with it. */
  readonly start: (() => Promise<ProcessMark>) | undefined;
  readonly started: (responder: ProcessMark) => void;
  readonly line: (line: string) => void;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Sees that the responder of names ended, and starts it again: without it a workload finds nothing by its name. */
export class ResponderWatch {
  readonly #options: ResponderWatchOptions;
  #responder: ProcessMark;
  #problem: string | undefined;
  #waitMs = leastWaitMs;
  #nextAtMs = 0;

  constructor(options: ResponderWatchOptions) {
    this.#options = options;
    this.#responder = options.responder;
  }

  /** A sentence, for as long as it does not run. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** @returns whether the fabric can go on */
  async look(): Promise<boolean> {
    const { start, started, line, now } = this.#options;
    if (isAlive(this.#responder)) return true;
    if (start === undefined) return false;
    if (this.#problem === undefined) line(`problem: ${this.#tell('it is started again')}`);
    if (now() < this.#nextAtMs) return true;
    try {
      this.#responder = await start();
      started(this.#responder);
      [this.#problem, this.#waitMs] = [undefined, leastWaitMs];
      line('the responder of names runs again');
    } catch (error) {
      this.#tell(`it cannot be started again: ${messageOf(error)}`);
      this.#nextAtMs = now() + this.#waitMs;
      this.#waitMs = Math.min(2 * this.#waitMs, mostWaitMs);
    }
    return true;
  }

  #tell(what: string): string {
    this.#problem = `The responder of names ended, so that no workload finds a name: ${what}.`;
    return this.#problem;
  }
}
