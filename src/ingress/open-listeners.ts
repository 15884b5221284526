import type { Server } from 'node:net';
import { startListening } from './listener.ts';
import type { Listener } from './listener.ts';
import type { IngressLimits, Listenable, OpenListener } from './options.ts';
import type { ListenerKind, RefusalLog } from './refusal.ts';

/** The listeners that accept, with their connections. */
export class OpenListeners {
  readonly #limits: IngressLimits;
  readonly #refusals: RefusalLog;
  readonly #listeners = new Map<Server, Listener>();

  constructor(limits: IngressLimits, refusals: RefusalLog) {
    this.#limits = limits;
    this.#refusals = refusals;
  }

  async open(listener: Listener, server: Server, handle: Listenable): Promise<OpenListener> {
    const limit = this.#limits.connectionsPerListener;
    server.on('drop', (dropped) => {
      this.#refusals.add(listener.kind, dropped?.remoteAddress, { kind: 'tooManyConnections', limit });
    });
    this.#listeners.set(server, listener);
    try {
      await startListening(server, handle);
    } catch (error) {
      this.#listeners.delete(server);
      throw error;
    }
    return { address: server.address(), close: () => this.#close(server) };
  }

  /** Has listeners that end TLS themselves take the present certificates. */
  renew(): void {
    for (const { renew } of this.#listeners.values()) renew?.();
  }

  /**
   * Ends the subnet's connections to the vaults, and returns how many there were. Those to its metadata do not depend on the
   * service endpoint, and end with their listener.
   */
  endSubnet(incarnation: string): number {
    let ended = 0;
    for (const { kind, connections } of this.#listeners.values())
      if (kind !== 'metadata') ended += connections.endSubnet(incarnation);
    return ended;
  }

  stopAccepting(): void {
    for (const server of this.#listeners.keys()) server.close();
  }

  get total(): number {
    let open = 0;
    for (const { connections } of this.#listeners.values()) open += connections.size;
    return open;
  }

  /** The connections of each. */
  get each(): readonly { readonly listener: ListenerKind; readonly open: number }[] {
    return Array.from(this.#listeners.values(), ({ kind, connections }) => ({
      listener: kind,
      open: connections.size,
    }));
  }

  /** How many connections each may have. */
  get most(): number {
    return this.#limits.connectionsPerListener;
  }

  closeAll(): void {
    for (const server of this.#listeners.keys()) this.#close(server);
  }

  #close(server: Server): void {
    server.close();
    this.#listeners.get(server)?.connections.endAll();
    this.#listeners.delete(server);
  }
}
