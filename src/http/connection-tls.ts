import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** The TLS of a connection, as it was agreed. */
export interface ConnectionTls {
  /** The name that the client asked for (SNI). */
  readonly servername: string | undefined;
  readonly version: string | undefined;
}

const endedElsewhere = new WeakMap<object, ConnectionTls>();

/** Keeps the TLS of a connection that another process of this server ended. */
export function noteTls(socket: object, tls: ConnectionTls): void {
  endedElsewhere.set(socket, tls);
}

export function tlsVersionOf(socket: Socket): string | undefined {
  return socket instanceof TLSSocket ? (socket.getProtocol() ?? undefined) : endedElsewhere.get(socket)?.version;
}

export function servernameOf(socket: Socket): string | undefined {
  const known = endedElsewhere.get(socket);
  if (known !== undefined) return known.servername;
  const servername = 'servername' in socket ? socket.servername : undefined;
  return typeof servername === 'string' ? servername : undefined;
}
