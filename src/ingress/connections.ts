import type { Socket } from 'node:net';

/**
 * The open connections, so that all of a listener or a subnet can be ended together. A closed connection removes
 * itself.
 */
export class Connections {
  readonly #open = new Set<Socket>();
  readonly #ofSubnet = new Map<string, Set<Socket>>();

  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }

  /** Records that the connection belongs to the subnet. */
  bind(socket: Socket, incarnation: string): void {
    const sockets = this.#ofSubnet.get(incarnation) ?? new Set();
    this.#ofSubnet.set(incarnation, sockets.add(socket));
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0 && this.#ofSubnet.get(incarnation) === sockets) this.#ofSubnet.delete(incarnation);
    });
  }

  /** Ends them at once; data that was not sent is lost. Returns how many there were. */
  endSubnet(incarnation: string): number {
    return destroyAll(this.#ofSubnet.get(incarnation) ?? new Set());
  }

  endAll(): number {
    return destroyAll(this.#open);
  }
}

function destroyAll(sockets: ReadonlySet<Socket>): number {
  const all = [...sockets];
  for (const socket of all) socket.destroy();
  return all.length;
}
