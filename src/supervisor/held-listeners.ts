import type { FromWorker, Listener, ToWorker } from '../types/supervision.ts';
import type { RawSocket } from './raw-socket.ts';

export type Bound =
  { readonly ok: true; readonly incarnation: string | undefined } | { readonly ok: false; readonly message: string };

/** Sends a message to the current worker, with a socket or without. */
export type Send = (message: Exclude<ToWorker<never>, { readonly kind: 'start' }>, socket?: RawSocket) => void;

/** The origin of a listener: the settings at the start, or a request to the control socket, which may also close it. */
type OpenedBy = 'settings' | 'request';

interface Held {
  listener: Listener;
  readonly by: OpenedBy;
  readonly socket: RawSocket;
  /** The first answer of a worker about the listener. */
  readonly bound: PromiseWithResolvers<Bound>;
}

type Answer = Exclude<Extract<FromWorker, { readonly id: string }>, { readonly kind: 'rotated' }>;

/**
 * The listening sockets. Each worker that starts gets all of them. What the first worker finds out about a subnet is kept
 * with the socket for later workers.
 */
export class HeldListeners {
  readonly #held = new Map<string, Held>();
  readonly #closing = new Map<string, PromiseWithResolvers<void>>();
  #send: Send | undefined;

  get size(): number {
    return this.#held.size;
  }

  get all(): readonly Listener[] {
    return Array.from(this.#held.values(), ({ listener }) => listener);
  }

  /** The listeners that requests opened. */
  get requested(): readonly Listener[] {
    return [...this.#held.values()].flatMap(({ listener, by }) => (by === 'request' ? [listener] : []));
  }

  /** Gives the socket to the current worker, or else to the next one. Resolves when a worker has answered. */
  add(listener: Listener, socket: RawSocket, by: OpenedBy): Promise<Bound> {
    const held: Held = { listener, by, socket, bound: Promise.withResolvers() };
    this.#held.set(listener.id, held);
    this.#send?.({ kind: 'listener', listener }, socket);
    return held.bound.promise;
  }

  /** The first answer of a worker about a listener, if the listener is held. */
  answerAbout(id: string): Promise<Bound> | undefined {
    return this.#held.get(id)?.bound.promise;
  }

  /** Gives every socket to a new worker. */
  attach(send: Send): void {
    this.#send = send;
    for (const { listener, socket } of this.#held.values()) send({ kind: 'listener', listener }, socket);
  }

  /** The worker has died, and its open sockets with it. */
  detach(): void {
    this.#send = undefined;
    for (const { resolve } of this.#closing.values()) resolve();
    this.#closing.clear();
  }

  /** Handles a worker's answer that a listener was accepted or closed. */
  answered(answer: Exclude<Answer, { readonly kind: 'refused' | 'status' }>): void {
    if (answer.kind === 'closed') {
      this.#closing.get(answer.id)?.resolve();
      this.#closing.delete(answer.id);
      return;
    }
    const held = this.#held.get(answer.id);
    if (held === undefined) return;
    const { listener } = held;
    const isOfSubnet = listener.kind === 'subnet' || listener.kind === 'metadata';
    const incarnation = isOfSubnet ? (listener.incarnation ?? answer.incarnation) : undefined;
    if (isOfSubnet) held.listener = { ...listener, incarnation };
    held.bound.resolve({ ok: true, incarnation });
  }

  /** Closes and removes a listener that a worker refused. Returns `false` if the id is unknown. */
  refused({ id, message }: { readonly id: string; readonly message: string }): boolean {
    const held = this.#held.get(id);
    if (held === undefined) return false;
    held.bound.resolve({ ok: false, message });
    this.#drop(held);
    return true;
  }

  /** Closes a listener that a request opened. Returns `false` if there is none with that id. */
  async close(id: string): Promise<boolean> {
    const held = this.#held.get(id);
    if (held?.by !== 'request') return false;
    this.#held.delete(id);
    held.bound.resolve({ ok: false, message: 'the listener was closed' });
    if (this.#send !== undefined) {
      const closing = Promise.withResolvers<void>();
      this.#closing.set(id, closing);
      this.#send({ kind: 'close', id });
      await closing.promise;
    }
    // Closed only now: a worker that is starting was told how many listeners it gets and waits for all of them.
    held.socket.close();
    return true;
  }

  closeAll(): void {
    for (const held of this.#held.values()) this.#drop(held);
  }

  #drop({ listener, socket }: Held): void {
    this.#held.delete(listener.id);
    socket.close();
  }
}
