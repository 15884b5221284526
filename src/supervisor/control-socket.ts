import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { readRequest, type ControlRequest } from './control-request.ts';

/** The longest path of a unix socket that every platform accepts, in bytes. */
const pathLengthMax = 103;
/** Room for the listeners of a whole router in one request. */
const lineLengthMax = 1024 * 1024;

export type Answer = (request: ControlRequest) => object | Promise<object>;

/**
 * Serves requests, one JSON object a line, and answers each with one line in the same order. Anyone who can open the path
 * is trusted: its folder is closed to every uid but the supervisor's.
 */
export async function openControlSocket(path: string, answer: Answer): Promise<Server> {
  const length = Buffer.byteLength(path);
  if (length > pathLengthMax) {
    const rule = `at most ${pathLengthMax} are allowed`;
    throw new Error(`the path of the control socket ${path} has ${length} bytes, but ${rule}: choose a shorter --data`);
  }
  // The folder is ours and locked, so an existing socket was left by a process that was killed.
  rmSync(path, { force: true });
  const server = createServer((socket) => serve(socket, answer));
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  return server;
}

function serve(socket: Socket, answer: Answer): void {
  let received = '';
  let last = Promise.resolve();
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (received + chunk).split('\n');
    received = lines.pop() ?? '';
    for (const line of lines) last = last.then(() => reply(socket, line, answer));
    if (received.length > lineLengthMax) socket.destroy();
  });
}

async function reply(socket: Socket, line: string, answer: Answer): Promise<void> {
  const read = readRequest(line);
  const answered = read.ok ? await answer(read.request) : { ok: false, message: read.message };
  socket.write(`${JSON.stringify(answered)}\n`);
}
