import type { Binding } from '../types/supervision.ts';
import type { Send } from './held-listeners.ts';

export type BindingAnswer = { readonly ok: true } | { readonly ok: false; readonly message: string };

interface Asked {
  readonly binding: Binding;
  readonly answer: PromiseWithResolvers<BindingAnswer>;
}

/**
 * The identities of running workloads, and the places that programs declare, in memory only. Each worker that starts gets
 * those in force. A new one is in force when a worker has checked it; until then an earlier identity of the same place is.
 */
export class HeldBindings {
  /** By place, or by id where a place may have several. */
  readonly #inForce = new Map<string, Binding>();
  /** By id. */
  readonly #asked = new Map<string, Asked>();
  readonly #ending = new Map<string, PromiseWithResolvers<void>>();
  #send: Send | undefined;

  get inForce(): readonly Binding[] {
    return [...this.#inForce.values()];
  }

  /** Asks the current worker, or else the next one. */
  bind(binding: Binding): Promise<BindingAnswer> {
    const answer = Promise.withResolvers<BindingAnswer>();
    this.#asked.set(binding.id, { binding, answer });
    this.#send?.({ kind: 'bind', binding });
    return answer.promise;
  }

  /** Resolves when no worker uses the binding any more; `false`: there is none with that id. */
  async unbind(id: string): Promise<boolean> {
    const binding = this.inForce.find((held) => held.id === id);
    if (binding === undefined) return false;
    this.#inForce.delete(placeOf(binding));
    if (this.#send !== undefined) {
      const ending = Promise.withResolvers<void>();
      this.#ending.set(id, ending);
      this.#send({ kind: 'unbind', id });
      await ending.promise;
    }
    return true;
  }

  /** A new worker has started with those in force. */
  attach(send: Send): void {
    this.#send = send;
    for (const { binding } of this.#asked.values()) send({ kind: 'bind', binding });
  }

  /** The worker has died. */
  detach(): void {
    this.#send = undefined;
    for (const { resolve } of this.#ending.values()) resolve();
    this.#ending.clear();
  }

  /** Handles a worker's answer. Returns `false` if it is about something else. */
  bound(id: string): boolean {
    const asked = this.#take(id);
    if (asked === undefined) return false;
    this.#inForce.set(placeOf(asked.binding), asked.binding);
    asked.answer.resolve({ ok: true });
    return true;
  }

  /** A worker refuses the binding, or has ended it with its subnet. Returns `false` if it is about something else. */
  refused({ id, message }: { readonly id: string; readonly message: string }): boolean {
    const asked = this.#take(id);
    asked?.answer.resolve({ ok: false, message });
    const ended = this.inForce.find((held) => held.id === id);
    return asked !== undefined || (ended !== undefined && this.#inForce.delete(placeOf(ended)));
  }

  unbound(id: string): boolean {
    const ending = this.#ending.get(id);
    ending?.resolve();
    return this.#ending.delete(id);
  }

  #take(id: string): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    return asked;
  }
}

/** A place has one identity, and as many declarations as there are programs. */
function placeOf(binding: Binding): string {
  return 'tokenDigest' in binding ? binding.id : `${binding.incarnation} ${binding.address}`;
}
