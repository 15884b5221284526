import type { Socket } from 'node:net';
import { hold, release } from './hold.ts';

/** Ends the header of each request (RFC 9112 section 2.1), whatever its size. It may also occur in a body. */
const headerEnd = Buffer.from('\r\n\r\n');

/** How much of a body in chunks is one portion: each of its chunks makes an object, and six bytes are one. */
const chunkedBytes = 512;

/** How many portions a connection may have before the event loop goes on, and all that had to wait for theirs. */
const limits = { arrived: 1, connection: 8, turn: 64 };

/** How long after the last cause connections that are opened are divided from their beginning. */
const alertMs = 60_000;

type Parse = (bytes: Buffer) => void;

interface Divided {
  readonly socket: Socket;
  readonly parse: Parse;
  /** How many portions its parser gets of what comes next. */
  portions: number;
  /** Whether its parser gets nothing more. */
  isOver: boolean;
}

interface PortionParts {
  readonly connections: () => Iterable<Socket>;
  /** Whether a body in chunks is arriving on the connection. */
  readonly isChunked: (socket: Socket) => boolean;
}

/**
 * Gives Node's HTTP parser what connections bring in portions, each of one request. The parser itself makes objects of
 * everything that reads have brought, on each connection, before the event loop goes on: a thousand requests, or
 * thousands of chunks of a body. What is left waits in the connection's stream, which is not read meanwhile.
 *
 * Node's parser takes the bytes of a connection from below its stream, unless there is another listener for `data`. That is
 * several microseconds cheaper for each request (bench/README.md). So a connection is divided only when there is a cause,
 * on any connection; but then all are, at once, because the others of the same client may have brought as much.
 */
export class Portions {
  readonly #parts: PortionParts;
  readonly #divided = new WeakMap<Socket, Divided>();
  #waiting: Divided[] = [];
  #scheduled = false;
  /** Present while connections are divided from their beginning. */
  #alert: NodeJS.Timeout | undefined;

  constructor(parts: PortionParts) {
    this.#parts = parts;
  }

  /** Call it when Node has added its listeners to a connection. */
  opened(socket: Socket): void {
    if (this.#alert !== undefined) this.divide(socket);
  }

  /** There are many requests under way on a connection, or a body in chunks. */
  crowded(): void {
    if (this.#alert !== undefined) {
      this.#alert.refresh();
      return;
    }
    this.#alert = setTimeout(() => (this.#alert = undefined), alertMs).unref();
    for (const socket of this.#parts.connections()) this.divide(socket);
  }

  /**
   * Divides what comes on a connection, for good. What its parser has been given already is not divided. So it also keeps
   * what comes while it is paused: when answers back up, Node pauses the connection and the parser, but TLS still delivers
   * the records that it has decrypted. Without its stream, the paused parser would fail (HPE_PAUSED).
   */
  divide(socket: Socket): void {
    if (this.#divided.has(socket)) return;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's own listener for `data`, which takes the bytes
    const parse = socket.listeners('data').at(-1) as Parse | undefined;
    if (parse === undefined) return;
    const divided: Divided = { socket, parse, portions: limits.arrived, isOver: false };
    this.#divided.set(socket, divided);
    socket.on('data', (bytes: Buffer) => this.#take(divided, bytes));
    socket.off('data', parse);
    // The stream still waits for the read that the parser took over, and would begin no other. This ends it, with nothing
    // (https://nodejs.org/api/stream.html#readablepush).
    socket.push('');
  }

  /** The parser of the connection has failed. It gets nothing more, because it would fail again. */
  over(socket: Socket): void {
    const divided = this.#divided.get(socket);
    if (divided !== undefined) divided.isOver = true;
  }

  #take(divided: Divided, bytes: Buffer): void {
    const { socket, parse } = divided;
    let left = divided.portions;
    divided.portions = limits.arrived;
    let rest = bytes;
    // A destroyed stream cannot be paused, and gives what it has kept. Node asserts that nothing comes after its pause,
    // and a failed assertion ends the process.
    while (rest.length > 0 && !socket.destroyed && !divided.isOver) {
      if (socket.isPaused()) {
        socket.unshift(rest);
        return;
      }
      const end = portionEnd(rest, this.#parts.isChunked(socket));
      if (end === undefined) {
        parse(rest);
        return;
      }
      if (left === 0) {
        this.#wait(divided, rest);
        return;
      }
      left -= 1;
      parse(end === rest.length ? rest : rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  }

  #wait(divided: Divided, rest: Buffer): void {
    hold(divided.socket);
    divided.socket.unshift(rest);
    this.#waiting.push(divided);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      for (const divided of this.#waiting.splice(0, limits.turn / limits.connection)) {
        divided.portions = limits.connection;
        release(divided.socket);
      }
      if (this.#waiting.length > 0) this.#schedule();
    });
  }
}

/** Where the first portion ends; `undefined` for a part of a header or body that the parser makes one object of. */
function portionEnd(bytes: Buffer, isChunked: boolean): number | undefined {
  if (isChunked && bytes.length > chunkedBytes) return chunkedBytes;
  const at = bytes.indexOf(headerEnd);
  return at === -1 ? undefined : at + headerEnd.length;
}
