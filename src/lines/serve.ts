import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

/** The longest path of a unix socket that every platform accepts, in bytes. */
export const pathBytesMax = 103;

export interface LineService {
  /** A connection that sends a longer line is closed. */
  readonly lineLengthMax: number;
  /** @param closed resolves when the connection has closed, also if that was before */
  readonly answer: (line: string, closed: Promise<void>) => Promise<object>;
}

/**
 * Serves requests on a unix socket, one JSON object a line, and answers each with one line in the same order. Anyone who
 * can open the path is trusted: its folder must be closed to every other user and locked, because a socket at that path
 * is taken for what a killed process left, and is replaced.
 */
export async function serveLines(path: string, service: LineService): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer((socket) => serve(socket, service));
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  return server;
}

function serve(socket: Socket, { lineLengthMax, answer }: LineService): void {
  let received = '';
  let last = Promise.resolve();
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  const reply = async (line: string): Promise<void> => {
    socket.write(`${JSON.stringify(await answer(line, closed))}\n`);
  };
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (received + chunk).split('\n');
    received = lines.pop() ?? '';
    for (const line of lines) last = last.then(() => reply(line));
    if (received.length > lineLengthMax) socket.destroy();
  });
}
