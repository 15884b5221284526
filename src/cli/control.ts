import { askLine } from '../lines/ask.ts';
import type { Connection } from './connection.ts';
import { CommandFailed } from './failed.ts';
import { membersOf } from './json.ts';

/** Sends a request to the supervisor's control socket, which only the user who started the server can open. */
export async function askSupervisor(connection: Connection, request: object): Promise<ReadonlyMap<string, unknown>> {
  let received: string;
  try {
    received = await askLine(connection.controlSocket, request);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(
      `The supervisor cannot be reached at ${connection.controlSocket}: ${cause}`,
      'Run the command as the user who started the server.',
    );
  }
  if (received === '') throw new CommandFailed('The supervisor ended before it answered.', 'Start the server again.');
  const answer = membersOf(JSON.parse(received));
  if (answer.get('ok') !== true) throw new CommandFailed(String(answer.get('message')));
  return answer;
}
