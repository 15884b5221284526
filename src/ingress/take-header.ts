import type { Socket } from 'node:net';
import { waitFor } from './patience.ts';
import type { AcceptedVersion, ProxyHeader } from './proxy-header.ts';
import { readProxyHeader } from './read-proxy-header.ts';
import type { Refusal } from './refusal.ts';

export type TakenHeader =
  { readonly ok: true; readonly header: ProxyHeader } | { readonly ok: false; readonly refusal: Refusal };

export interface TakeHeaderOptions {
  readonly accept: AcceptedVersion;
  readonly timeoutMs: number;
  readonly done: (taken: TakenHeader) => void;
}

/**
 * Takes the PROXY header off the front of a connection and leaves what follows in the socket. Calls `done` exactly
 * once; the caller destroys the socket if there is a refusal. It holds at most one read's worth of bytes beyond the
 * header, and for at most `timeoutMs` in all, however slowly they arrive.
 */
export function takeHeader(socket: Socket, { accept, timeoutMs, done }: TakeHeaderOptions): void {
  let received = Buffer.alloc(0);
  const patience = waitFor(timeoutMs, () => finish({ ok: false, refusal: { kind: 'headerTimeout' } }));

  function finish(taken: TakenHeader): void {
    patience.stop();
    socket.off('readable', onReadable);
    socket.off('end', onEnd);
    socket.off('close', onEnd);
    done(taken);
  }
  function onEnd(): void {
    finish({ ok: false, refusal: { kind: 'headerEnded' } });
  }
  function onReadable(): void {
    const chunk: unknown = socket.read();
    if (!Buffer.isBuffer(chunk)) return;
    received = Buffer.concat([received, chunk]);
    const progress = readProxyHeader(received, accept);
    if (progress.kind === 'more') return;
    if (progress.kind === 'problem') {
      finish({ ok: false, refusal: { kind: 'header', problem: progress.problem } });
      return;
    }
    const rest = received.subarray(progress.length);
    if (rest.length > 0) socket.unshift(rest);
    finish({ ok: true, header: progress.header });
  }
  socket.on('readable', onReadable);
  socket.once('end', onEnd);
  socket.once('close', onEnd);
}
