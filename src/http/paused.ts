import type { Socket } from 'node:net';

/** When a connection that has been paused was last resumed. */
const resumedMs = new WeakMap<Socket, number>();

/**
 * Has a paused connection keep what still comes, at most what its stream buffers, until it is resumed. Node's HTTP
 * parser takes the bytes of a connection from below its stream. When answers back up, Node pauses the connection and the
 * parser, but TLS still delivers the records that it has decrypted: the paused parser fails at the next one
 * (HPE_PAUSED), and the connection is lost. A listener for `data` makes Node give the bytes to the stream first, for
 * good. That makes each read a little dearer, so only a connection that was paused has it.
 */
export function keepWhilePaused(socket: Socket): void {
  if (resumedMs.has(socket)) return;
  resumedMs.set(socket, -Infinity);
  socket.on('resume', noteResume);
  const read = socket.read.bind(socket);
  // A destroyed stream cannot be paused, and gives what it has kept. Node asserts that nothing comes after its pause,
  // and a failed assertion ends the process.
  socket.read = (size): unknown => (socket.destroyed ? null : read(size));
  socket.on('data', ignore);
  // The stream still waits for the read that the parser took over, and would begin no other. This ends it, with nothing
  // (https://nodejs.org/api/stream.html#readablepush).
  socket.push('');
}

/** Whether a connection is paused, or was until at most `ms` ago. */
export function wasPaused(socket: Socket, ms: number): boolean {
  return socket.isPaused() || performance.now() - (resumedMs.get(socket) ?? -Infinity) < ms;
}

function noteResume(this: Socket): void {
  resumedMs.set(this, performance.now());
}

function ignore(): void {
  // Node's own listener gives the parser what comes.
}
