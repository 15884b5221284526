import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { parsed } from '../shape/parsed.ts';
import { boolean, object, literal, optional, string } from '../shape/shape.ts';
import type { Backups } from './backup.ts';
import type { NodeCommands } from './node-commands.ts';

/** An operator's request: one line of JSON. The answer is a line too, and the backup follows it. */
const request = object({ ask: literal('backup'), withMasterKey: boolean, withoutLog: boolean });

/** A request about the nodes of the store. The answer is a line. */
const nodeRequest = object({ ask: literal('nodes', 'leave', 'remove', 'adopt', 'accept'), name: optional(string) });

const lineMax = 4096;
const connectionsMax = 8;

/** A command that was stopped or hangs must not hold the snapshot of the database, whose log grows meanwhile. */
const silenceMaxMs = 60_000;

const usage =
  'a request is {"ask":"backup","withMasterKey":true|false,"withoutLog":true|false}, {"ask":"nodes"}, {"ask":"leave","name"?:"NODE"}, ' +
  '{"ask":"remove"|"adopt","name":"NODE"}, {"ask":"accept"}';

const alone =
  'This server has its store to itself, and no other nodes (postern start --store, docs/how-to/postgres.md).';

export interface OperatorServices {
  readonly backups: Backups;
  /** Of a store that several nodes share. */
  readonly nodes: NodeCommands | undefined;
  readonly notice: (message: string) => void;
}

/**
 * Answers the operator's commands on a listening socket of the supervisor. Whoever can open its path is trusted: the folder
 * is closed to every user but the one who started the server.
 */
export async function serveOperator(handle: object, services: OperatorServices): Promise<{ close(): void }> {
  const sockets = new Set<Socket>();
  // A socket that ended by itself when its peer does would be neither writable nor in error.
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.setTimeout(silenceMaxMs, () => socket.destroy());
    void answer(socket, services);
  });
  server.maxConnections = connectionsMax;
  server.listen(handle);
  await once(server, 'listening');
  return {
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function answer(socket: Socket, services: OperatorServices): Promise<void> {
  try {
    const line = await lineOf(socket);
    const asked = parsed(line);
    const [read, ofNodes] = [request(asked), nodeRequest(asked)];
    if (read.ok) await sendBackup(socket, read.value, services);
    else if (ofNodes.ok) {
      const answered = (await services.nodes?.answer(ofNodes.value)) ?? { ok: false, message: alone };
      socket.end(`${JSON.stringify(answered)}\n`);
    } else socket.end(`${JSON.stringify({ ok: false, message: usage })}\n`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // A command that ended has no more use for an answer.
    if (socket.destroyed) return;
    services.notice(`A request of the operator failed: ${message}`);
    socket.end(`${JSON.stringify({ ok: false, message })}\n`);
  }
}

async function sendBackup(
  socket: Socket,
  { withMasterKey, withoutLog }: { readonly withMasterKey: boolean; readonly withoutLog: boolean },
  { backups, notice }: OperatorServices,
): Promise<void> {
  const begun = await backups.begin({ withMasterKey, withoutLog });
  if (!begun.ok) {
    socket.end(`${JSON.stringify(begun)}\n`);
    return;
  }
  try {
    socket.write(`${JSON.stringify({ ok: true, header: begun.header })}\n`);
    await send(socket, begun.pieces);
  } catch (error) {
    notice(`A backup was not made to its end: ${error instanceof Error ? error.message : String(error)}`);
    socket.destroy();
  } finally {
    begun.end();
  }
}

/**
 * Sends all pieces as fast as they are taken.
 * @throws {Error} when the connection is closed before the last one
 */
async function send(socket: Socket, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const closed = Promise.withResolvers<void>();
  socket.once('close', () => closed.resolve());
  for await (const piece of pieces) {
    if (!socket.writable) throw new Error('the command ended before it');
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), closed.promise]);
  }
  socket.end();
}

/** The first line that a socket sends; what follows it is not read. */
async function lineOf(socket: Socket): Promise<string> {
  let received = '';
  socket.setEncoding('latin1');
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received += String(chunk);
    const end = received.indexOf('\n');
    if (end !== -1) return received.slice(0, end);
    if (received.length > lineMax) throw new Error(`its line has more than ${lineMax} characters`);
  }
  throw new Error('it ended before its line did');
}
