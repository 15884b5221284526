import { askLine } from '../../lines/ask.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';

/** The request to the fabric for a place. */
export type JoinRequest =
  | {
      readonly join: 'subnet';
      /** `VNET/SUBNET`, or an ARM id. */
      readonly subnet: string;
      readonly address?: string;
      readonly identityHeader?: string;
      readonly pid: number;
    }
  | { readonly join: 'internet'; readonly address: string; readonly pid: number };

/** A network namespace of the fabric that waits for the process that asked for it. */
export interface Joined {
  /** Its name, as `ip netns` knows it. */
  readonly namespace: string;
  readonly address: string;
  /** `VNET/SUBNET`, or `internet`. */
  readonly place: string;
  /** A uid that no account has, for a workload of root. */
  readonly poolUid: number | undefined;
  /** The process that has the user namespace of a fabric without root. */
  readonly anchor: number | undefined;
  /** The folder with the files of the fabric that a workload reads. */
  readonly runFolder: string;
}

/**
 * Asks the reconciler for a place; it takes the place back when the process of this pid has ended.
 * @throws {CommandFailed} when it refuses, or is not there
 */
export async function join(path: string, request: JoinRequest): Promise<Joined> {
  let received: string;
  try {
    received = await askLine(path, request);
  } catch (error) {
    throw unreachable(path, error);
  }
  if (received === '') throw unreachable(path, new Error('it ended before it answered'));
  return readAnswer(received);
}

function unreachable(path: string, error: unknown): CommandFailed {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return new CommandFailed(
      'The virtual networks of this server are not on this machine.',
      'Bring them up with "postern net up", as the same user.',
    );
  }
  const cause = error instanceof Error ? error.message : String(error);
  return new CommandFailed(`The fabric cannot be reached at ${path}: ${cause}`, 'Ask it with "postern net status".');
}

function readAnswer(line: string): Joined {
  const answer = membersOf(JSON.parse(line));
  if (answer.get('ok') !== true) {
    const hint = answer.get('hint');
    throw new CommandFailed(String(answer.get('message')), typeof hint === 'string' ? hint : undefined);
  }
  const text = (name: string): string => {
    const value = answer.get(name);
    if (typeof value !== 'string') throw new CommandFailed(`The fabric answered without ${name}: ${line.trim()}`);
    return value;
  };
  const number = (name: string): number | undefined => {
    const value = answer.get(name);
    return typeof value === 'number' ? value : undefined;
  };
  return {
    namespace: text('namespace'),
    address: text('address'),
    place: text('place'),
    poolUid: number('uid'),
    anchor: number('anchor'),
    runFolder: text('runFolder'),
  };
}
