import { randomUUID } from 'node:crypto';
import type { ReaderShown } from './readers.ts';
import type { Listener } from '../types/supervision.ts';

/** A worker that answers nothing for so long is busy or hangs. */
const answerMs = 2_000;

interface StatusParts {
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly listeners: { readonly all: readonly Listener[] };
  readonly worker: () => {
    readonly pid: number | undefined;
    send(message: { readonly kind: 'status'; readonly id: string }): void;
  };
  readonly readers: { readonly shown: readonly ReaderShown[] } | undefined;
}

/** The state of the server: the worker's figures, and what this process knows itself. */
export class ServerStatus {
  readonly #parts: StatusParts;
  readonly #waiting = new Map<string, (answer: string | undefined) => void>();
  #starts = 0;

  constructor(parts: StatusParts) {
    this.#parts = parts;
  }

  /** How many workers there were before this one. */
  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  /** Call it when a worker starts. */
  started(): void {
    this.#starts += 1;
  }

  answered({ id, text }: { readonly id: string; readonly text: string }): void {
    this.#waiting.get(id)?.(text);
  }

  /** The answer to `{"show":"status"}`. */
  async read(): Promise<object> {
    const { startedMs, listeners, worker, readers } = this.#parts;
    const { pid } = worker();
    // The members of the worker's answer are its own: none of them replaces one of this process.
    const { startedAt, ...figures } = membersOf(await this.#ask()) ?? silent;
    return {
      ...figures,
      startedAt: new Date(startedMs).toISOString(),
      pid: process.pid,
      worker: { pid, restarts: this.restarts, startedAt },
      ...(readers !== undefined && { readers: readers.shown }),
      listeners: listeners.all.map(shown),
    };
  }

  /** @returns the answer's JSON; `undefined` if it does not come */
  async #ask(): Promise<string | undefined> {
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const timer = setTimeout(resolve, answerMs, undefined);
    this.#waiting.set(id, resolve);
    this.#parts.worker().send({ kind: 'status', id });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }
}

function shown({ kind, ...listener }: Listener): object {
  return {
    kind,
    ...('address' in listener && { address: listener.address }),
    ...('port' in listener && { port: listener.port }),
    ...('path' in listener && { path: listener.path }),
  };
}

const silent: Readonly<Record<string, unknown>> = {
  ready: false,
  checks: [{ name: 'worker', ok: false, why: 'The worker does not answer: it starts, is busy or hangs.' }],
  warnings: [],
};

/** A worker faces the network, so its answer may be anything. */
function membersOf(answer: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (answer === undefined) return undefined;
  try {
    const read: unknown = JSON.parse(answer);
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? { ...read } : undefined;
  } catch {
    return undefined;
  }
}
