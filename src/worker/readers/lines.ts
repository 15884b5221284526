import type { Socket } from 'node:net';

/** The longest line, and the most that waits for its end: a record is at most some thousand characters. */
const waitingMax = 4 * 1024 * 1024;

/** Calls `take` with each line that arrives. A connection whose line is too long, or whose line `take` throws for, is ended. */
export function eachLine(socket: Socket, take: (line: string) => void): void {
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (received + chunk).split('\n');
    received = lines.pop() ?? '';
    try {
      for (const line of lines) take(line);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : undefined);
      return;
    }
    if (received.length > waitingMax) socket.destroy(new RangeError('a line has no end'));
  });
}

/**
 * The first line of a connection; what follows it stays there to be read. `undefined`: it ended before, or sent a line
 * that is longer than `most`.
 */
export function firstLine(socket: Socket, most: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const pieces: Buffer[] = [];
  let size = 0;
  const settle = (line: string | undefined): void => {
    socket.off('readable', read).off('end', ended).off('close', ended);
    resolve(line);
  };
  const ended = (): void => settle(undefined);
  const read = (): void => {
    for (let piece = readPiece(socket); piece !== undefined; piece = readPiece(socket)) {
      const end = piece.indexOf(0x0a);
      size += end === -1 ? piece.length : end;
      if (size > most) return settle(undefined);
      pieces.push(end === -1 ? piece : piece.subarray(0, end));
      if (end === -1) continue;
      settle(Buffer.concat(pieces).toString());
      if (end + 1 < piece.length) socket.unshift(piece.subarray(end + 1));
      return;
    }
  };
  // One that may be half open has no `close` when only its peer has ended.
  socket.on('readable', read).on('end', ended).on('close', ended);
  return promise;
}

function readPiece(socket: Socket): Buffer | undefined {
  const piece: unknown = socket.read();
  return Buffer.isBuffer(piece) ? piece : undefined;
}
