import { LineConnection } from '../lines/ask.ts';
import { rootFolder } from '../lines/control-place.ts';
import type { Connection } from './connection.ts';
import { CommandFailed } from './failed.ts';
import { membersOf } from './json.ts';

/** An open connection to the supervisor's control socket. */
export interface Supervisor extends Disposable {
  /** @throws {CommandFailed} with the supervisor's message when it refuses */
  ask(request: object): Promise<ReadonlyMap<string, unknown>>;
}

/** Opens a connection to the supervisor's control socket, which only the user who started the server can open. */
export async function openSupervisor({ controlSocket }: Connection): Promise<Supervisor> {
  const opened = await LineConnection.open(controlSocket).catch((error: unknown) => {
    const cause = error instanceof Error ? error.message : String(error);
    throw unreachable('supervisor', controlSocket, cause);
  });
  return {
    ask: async (request) => readAnswer(await opened.ask(request)),
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  };
}

/**
 * The failure to open a socket of the server. Root asks at a place of root's own where the folder is another user's, so it does not
 * find a server that this user started.
 */
export function unreachable(who: 'server' | 'supervisor', path: string, cause: string): CommandFailed {
  const isClosed = /\b(?:EACCES|EPERM)\b/.test(cause);
  const isOfRoot = path.startsWith(`${rootFolder}/`);
  const start = 'Start the server with "postern start".';
  return new CommandFailed(
    `The ${who} cannot be reached at ${path}: ${cause}`,
    isClosed
      ? 'Run the command as the user who started the server.'
      : isOfRoot
        ? `${start} If another user than root started it, run the command as that user: runuser -u USER -- postern ...`
        : start,
    isClosed ? 'NotOwner' : 'ServerUnreachable',
  );
}

/** Sends one request to the supervisor's control socket. */
export async function askSupervisor(connection: Connection, request: object): Promise<ReadonlyMap<string, unknown>> {
  using supervisor = await openSupervisor(connection);
  return await supervisor.ask(request);
}

function readAnswer(line: string): ReadonlyMap<string, unknown> {
  if (line === '') throw new CommandFailed('The supervisor ended before it answered.', 'Start the server again.');
  const answer = membersOf(JSON.parse(line));
  if (answer.get('ok') !== true) throw new CommandFailed(String(answer.get('message')));
  return answer;
}
