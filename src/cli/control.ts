import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Connection } from './connection.ts';
import { CommandFailed } from './failed.ts';
import { membersOf } from './json.ts';

/** Sends a request to the supervisor's control socket, which only the user who started the server can open. */
export async function askSupervisor(connection: Connection, request: object): Promise<ReadonlyMap<string, unknown>> {
  const socket = createConnection(connection.controlSocket);
  let received = '';
  try {
    await once(socket, 'connect');
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const chunk of socket) {
      received += String(chunk);
      if (received.endsWith('\n')) break;
    }
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(
      `The supervisor cannot be reached at ${connection.controlSocket}: ${cause}`,
      'Run the command as the user who started the server, or as root.',
    );
  } finally {
    socket.destroy();
  }
  const answer = membersOf(JSON.parse(received));
  if (answer.get('ok') !== true) throw new CommandFailed(String(answer.get('message')));
  return answer;
}
