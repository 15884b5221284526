import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext, type TLSSocketOptions } from 'node:tls';
import { waitFor } from './patience.ts';
import type { Refusal } from './refusal.ts';

export interface EndTlsOptions {
  readonly secureContext: SecureContext;
  readonly SNICallback?: TLSSocketOptions['SNICallback'];
  readonly timeoutMs: number;
  readonly onSecure: (socket: TLSSocket) => void;
  /** Called before the connection is destroyed; not for a client that merely went away. */
  readonly onRefused: (refusal: Refusal) => void;
}

/**
 * Ends TLS on a connection whose next bytes are the ClientHello. HTTP/1.1 is the only protocol offered. Returns the
 * socket at once, so that the caller can record it before `onSecure` gets it at the end of the handshake.
 */
export function endTls(socket: Socket, options: EndTlsOptions): TLSSocket {
  const { secureContext, SNICallback, timeoutMs, onSecure, onRefused } = options;
  const secured = new TLSSocket(socket, {
    isServer: true,
    secureContext,
    ALPNProtocols: ['http/1.1'],
    ...(SNICallback && { SNICallback }),
  });
  let pending = true;
  const patience = waitFor(timeoutMs, () => refuse({ kind: 'handshakeTimeout' }));

  function settle(): boolean {
    const wasPending = pending;
    pending = false;
    patience.stop();
    return wasPending;
  }
  function refuse(refusal: Refusal): void {
    if (settle()) onRefused(refusal);
    secured.destroy();
  }
  secured.once('secure', () => {
    if (settle()) onSecure(secured);
  });
  secured.once('close', settle);
  secured.on('error', (error) => {
    // After the handshake, errors belong to the reader of the connection.
    if (!pending) return;
    const code = errorCode(error);
    if (code !== 'ECONNRESET' && code !== 'EPIPE') refuse({ kind: 'handshakeFailed', code });
  });
  return secured;
}

export function errorCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
