import { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { mayHaveHappened } from '../faults/load.ts';
import type { Answered, Client, Sent } from '../world/client.ts';

/** How a request ended, as far as its client can tell. */
export type Outcome =
  | { readonly kind: 'done'; readonly answer: Answered }
  /** The answer says that nothing was changed. */
  | { readonly kind: 'refused'; readonly answer: Answered }
  /** No answer came, or it says that the change may have happened. */
  | { readonly kind: 'unknown' };

/** How long a client waits for an answer. */
export const answerMaxMs = 8_000;
/** So many requests go over one connection; the next one may go to another node. */
const requestsOfConnection = 40;

/** A client that asks for one thing after the other, and for each the next node after some requests. */
export class Asker {
  readonly #client: Client;
  readonly #from: string;
  #agent = newAgent();
  #asked = 0;

  constructor(client: Client, from = '127.0.0.7') {
    this.#client = client;
    this.#from = from;
  }

  vault(vault: string, method: string, path: string, body?: unknown): Promise<Outcome> {
    return this.#outcome((sent) => this.#client.vault(vault, method, path, { ...sent, body }));
  }

  arm(method: string, path: string, body?: unknown): Promise<Outcome> {
    return this.#outcome((sent) => this.#client.arm(method, path, body, { ...sent, body }));
  }

  close(): void {
    this.#agent.destroy();
  }

  async #outcome(ask: (sent: Sent) => Promise<Answered>): Promise<Outcome> {
    this.#asked += 1;
    if (this.#asked % requestsOfConnection === 0) this.#reconnect();
    const late = new AbortController();
    const answer = await Promise.race([
      ask({ from: this.#from, agent: this.#agent }).catch(() => undefined),
      sleep(answerMaxMs, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
    if (answer === undefined) {
      this.#reconnect();
      // Where nothing listens, this would be thousands of requests.
      await sleep(50);
      return { kind: 'unknown' };
    }
    return { kind: kindOf(answer), answer };
  }

  #reconnect(): void {
    this.#agent.destroy();
    this.#agent = newAgent();
  }
}

function newAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}

/** The kind of an answer. */
export function kindOf(answer: Answered): Outcome['kind'] {
  if (answer.status < 300) return 'done';
  return mayHaveHappened(answer) ? 'unknown' : 'refused';
}
