import type { Logger } from 'pino';
import { openHealthListener } from '../health/listener.ts';
import type { HealthAnswer } from '../health/listener.ts';
import { readiness } from '../health/readiness.ts';
import type { ReadinessState } from '../health/readiness.ts';
import type { Settings } from '../settings/settings.ts';
import { isLoopback } from '../settings/values.ts';
import type { HealthListener } from '../types/supervision.ts';
import type { AddedListener } from './listeners.ts';
import type { Server } from './server.ts';

/**
 * What this process says about itself. It begins before the server does and ends after it, so that a probe is answered while
 * a large database is opened and while the last requests are finished.
 */
export class Health {
  readonly #log: Logger;
  readonly #begun = Promise.withResolvers<Settings>();
  #phase: ReadinessState['phase'] = 'starting';
  #server: Pick<Server, 'checks'> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Call it when the process has given up root: until then it listens nowhere. */
  begin(settings: Settings): void {
    this.#begun.resolve(settings);
  }

  /** Call it when requests are answered. */
  serve(server: Pick<Server, 'checks'>): void {
    this.#server = server;
    if (this.#phase === 'starting') this.#phase = 'serving';
  }

  /** Call it when the server begins to stop. */
  stop(): void {
    this.#phase = 'stopping';
  }

  async listen({ id, address }: HealthListener, handle: object): Promise<AddedListener> {
    const { domain, health } = await this.#begun.promise;
    if (!isLoopback(address)) {
      this.#log.warn(`the listener ${id} for probes and monitoring is not on loopback: whoever reaches it may ask it`);
    }
    const open = await openHealthListener(handle, {
      names: { domain, hosts: health?.hosts ?? [] },
      answers: { '/healthz': () => live, '/readyz': () => this.#readyz() },
      logError: (error) => this.#log.error({ err: error }, 'a probe could not be answered'),
    });
    return { ok: true, close: () => open.close() };
  }

  async #readyz(): Promise<HealthAnswer> {
    const { ready, checks } = await this.#readiness();
    const status = ready ? 'ready' : 'not ready';
    return json(ready ? 200 : 503, { status, checks });
  }

  async #readiness() {
    const checks = this.#server?.checks;
    const store = await checks?.store();
    return readiness({ phase: this.#phase, store, log: checks?.log() });
  }
}

/** The event loop has come to this: the process lives. */
const live = json(200, { status: 'live' });

function json(status: number, body: object): HealthAnswer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body, undefined, 2)}\n` };
}
