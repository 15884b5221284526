import type { Socket } from 'node:net';

/** When a connection that has been paused was last resumed. */
const resumedMs = new WeakMap<Socket, number>();

/** Notes from now on when a paused connection is resumed. */
export function notePause(socket: Socket): void {
  if (resumedMs.has(socket)) return;
  resumedMs.set(socket, -Infinity);
  socket.on('resume', noteResume);
}

/** Whether a connection is paused, or was until at most `ms` ago. */
export function wasPaused(socket: Socket, ms: number): boolean {
  return socket.isPaused() || performance.now() - (resumedMs.get(socket) ?? -Infinity) < ms;
}

function noteResume(this: Socket): void {
  resumedMs.set(this, performance.now());
}
