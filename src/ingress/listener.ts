import type { Socket } from 'node:net';
import type { Places } from '../shares/places.ts';
import type { Source } from '../types/source.ts';
import type { Connections } from './connections.ts';
import type { Certificate } from './options.ts';
import type { ListenerKind } from './refusal.ts';

/** At the other end of their connections is a proxy. What it relays is counted by the source that it names, once it has. */
export const relaying: ReadonlySet<ListenerKind> = new Set(['unixGateway', 'tlsGateway', 'loadBalancer']);

/** One listener at work: what its connections share. */
export interface Listener {
  readonly kind: ListenerKind;
  readonly connections: Connections;
  readonly places: Places<Socket>;
  /** Where the listener ends TLS by itself, and shows the public certificate. */
  readonly renew?: (certificate: Certificate) => void;
}

/** A connection whose source is known. */
export interface Attributed {
  readonly source: Source;
  readonly places: Places<Socket>;
  readonly socket: Socket;
}
