import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Places } from '../../shares/places.ts';
import { answerMessage } from './answers.ts';
import { frame, unframe } from './framing.ts';

interface TcpLimits {
  readonly connections: number;
  /** All workloads of a network are one source: their router gives them its own address. */
  readonly perSource: number;
  readonly queriesEach: number;
  /** The whole life of a connection, however busy it is. A client asks, and goes (RFC 7766 section 6.2.3). */
  readonly lifeMs: number;
}

export const usualLimits: TcpLimits = { connections: 256, perSource: 32, queriesEach: 100, lifeMs: 10_000 };

/**
 * Serves connections of DNS over TCP. What a client does not take is not made: its next query is read when the answer
 * to the last one is on its way. When a source has used up its share, its oldest connection ends for the new one.
 * @returns takes one more connection
 */
export function serveTcp({ connections, perSource, queriesEach, lifeMs }: TcpLimits): (socket: Socket) => void {
  const places = new Places<Socket>({ total: connections, perSource });
  return (socket) => {
    const source = socket.remoteAddress;
    const room = places.roomFor(source);
    if (room.kind === 'full' || source === undefined) {
      socket.destroy();
      return;
    }
    if (room.kind === 'goes') {
      places.remove(room.connection);
      room.connection.destroy();
    }
    places.add(socket, source);
    const life = setTimeout(() => socket.destroy(), lifeMs);
    socket.once('close', () => {
      clearTimeout(life);
      places.remove(socket);
    });
    // Clients go, or are made to go.
    pipeline(socket, (chunks) => answersTo(chunks, queriesEach), socket).catch(() => undefined);
  };
}

/** The answers to the queries of a connection, until there are too many, or one that gets no answer. */
export async function* answersTo(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let received: Uint8Array = new Uint8Array();
  let left = most;
  for await (const chunk of chunks) {
    const { messages, rest, tooLong } = unframe(Buffer.concat([received, chunk]));
    received = rest;
    for (const message of messages) {
      const answer = answerMessage(message);
      if (answer === undefined || left === 0) return;
      left -= 1;
      yield frame(answer);
    }
    if (tooLong) return;
  }
}
