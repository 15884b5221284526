import type { Server, Socket } from 'node:net';
import { Places } from '../shares/places.ts';
import type { Service } from '../types/service.ts';
import type { Source } from '../types/source.ts';
import { Connections } from './connections.ts';
import type { IngressLimits, Listenable } from './options.ts';
import type { ListenerKind, Refusal } from './refusal.ts';

/** The peers of these listeners name their source. They are counted by it, once they have. */
export const relaying: ReadonlySet<ListenerKind> = new Set(['unixGateway', 'tlsGateway', 'loadBalancer', 'declared']);

/** The state that the connections of one listener share. */
export interface Listener {
  readonly kind: ListenerKind;
  readonly connections: Connections;
  readonly places: Places<Socket>;
  /** The service whose hosts it serves by Azure's own names; `undefined`: the server's own names. */
  readonly serves: Service | undefined;
  /** Takes the present certificates; only a listener that ends TLS itself has it. */
  readonly renew?: () => void;
  /** Present where connections are plain HTTP: gets each once its source is known. */
  readonly onPlain?: (socket: Socket) => void;
  /** Present where a client waits for an answer before its TLS begins. A refusal also ends its connection. */
  readonly answer?: (socket: Socket, refusal?: Refusal) => void;
}

export type Purpose = Pick<Listener, 'kind'> & Partial<Pick<Listener, 'serves' | 'renew' | 'answer'>>;

/** A listener without connections. */
export function listenerOf(purpose: Purpose, limits: IngressLimits): Listener {
  const { connectionsPerListener: total, connectionsPerSource: perSource } = limits;
  const places = new Places<Socket>({ total, perSource });
  return { ...purpose, serves: purpose.serves, connections: new Connections(), places };
}

/** A connection whose source is known. */
export interface Attributed {
  readonly source: Source;
  readonly serves: Service | undefined;
  readonly places: Places<Socket>;
  readonly socket: Socket;
}

const backlog = 1024;

/** Resolves when the server accepts. */
export function startListening(server: Server, handle: Listenable): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(handle, backlog, () => {
      server.off('error', reject);
      // The only errors left are failed accepts (no file descriptor left), which concern one connection.
      server.on('error', () => undefined);
      resolve();
    });
  });
}
