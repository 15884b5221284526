import type { Socket } from 'node:net';
import type { Places } from '../shares/places.ts';
import type { Source } from '../types/source.ts';
import type { Connections } from './connections.ts';
import type { Certificate } from './options.ts';
import type { ListenerKind } from './refusal.ts';

/**
 * The peers of these listeners are proxies. What they relay is counted by the source that they name, once they have.
 */
export const relaying: ReadonlySet<ListenerKind> = new Set(['unixGateway', 'tlsGateway', 'loadBalancer']);

/** The state that the connections of one listener share. */
export interface Listener {
  readonly kind: ListenerKind;
  readonly connections: Connections;
  readonly places: Places<Socket>;
  /** Present where the listener ends TLS itself with the public certificate. */
  readonly renew?: (certificate: Certificate) => void;
}

/** A connection whose source is known. */
export interface Attributed {
  readonly source: Source;
  readonly places: Places<Socket>;
  readonly socket: Socket;
}
