import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { operatorSocketIn } from '../lines/control-place.ts';
import type { Connection } from './connection.ts';
import { unreachable } from './control.ts';
import { CommandFailed } from './failed.ts';
import { membersOf } from './json.ts';

const answerMax = 1 << 20;

export interface OperatorAnswer {
  /** It gives everything that follows the answer. */
  readonly socket: Socket;
  readonly answer: ReadonlyMap<string, unknown>;
}

/**
 * Asks the worker of a server at the operator's socket, which only the user who started the server can open.
 * @throws {CommandFailed} with the server's message when it refuses
 */
export async function askOperator({ controlSocket }: Connection, request: object): Promise<OperatorAnswer> {
  const path = operatorSocketIn(dirname(controlSocket));
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw unreachable('server', path, cause);
  }
  socket.on('error', () => undefined);
  socket.write(`${JSON.stringify(request)}\n`);
  const answer = membersOf(parsed(await firstLine(socket)));
  if (answer.get('ok') === true) return { socket, answer };
  socket.destroy();
  const message = answer.get('message');
  throw new CommandFailed(
    typeof message === 'string' ? message : 'The server ended before it answered; its log says why.',
  );
}

/** The same for an answer that nothing follows. */
export async function operatorAnswer(connection: Connection, request: object): Promise<OperatorAnswer['answer']> {
  const { socket, answer } = await askOperator(connection, request);
  socket.destroy();
  return answer;
}

/** The worker faces the network, so its answer may be anything. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Takes the first line from the socket, and leaves there what follows. */
async function firstLine(socket: Socket): Promise<string> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received = Buffer.concat([received, Buffer.from(chunk)]);
    const end = received.indexOf('\n');
    if (end !== -1) {
      socket.unshift(received.subarray(end + 1));
      return received.toString('utf8', 0, end);
    }
    if (received.length > answerMax) break;
  }
  return '';
}
