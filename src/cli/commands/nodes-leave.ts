import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { askSupervisor } from '../control.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';
import { operatorAnswer } from '../operator.ts';

const lookEveryMs = 250;
/** A node has half a minute for its requests in flight. */
const waitMaxMs = 60_000;

export const nodesLeave: Command = {
  name: 'nodes leave',
  synopsis:
    'Stops a server of a shared database without a request lost: it tells its balancer, finishes the requests in flight, and hands over. Waits until it is gone.',
  options: { name: 'name of the node (default: the server of --data)' },
  required: [],
  flags: { json: 'as JSON: { name, left }' },
  progress: 'Waiting for the node',
  async run({ data = 'postern-data', name }) {
    const connection = readConnection(data);
    const answer = await operatorAnswer(connection, { ask: 'leave', ...(name !== undefined && { name }) });
    const left = String(answer.get('name'));
    const isGone = answer.get('own') === true ? () => isStopped(connection) : () => isUnlisted(connection, left);
    for (let waitedMs = 0; waitedMs < waitMaxMs; waitedMs += lookEveryMs) {
      if (await isGone()) return { json: { name: left, left: true }, text: `The node ${left} has left.` };
      await sleep(lookEveryMs);
    }
    throw new CommandFailed(
      `The node ${left} was asked to leave, and is still there after ${waitMaxMs / 1000} s.`,
      'See its log, and "postern nodes".',
    );
  },
};

/** Its supervisor ends last. */
async function isStopped(connection: Connection): Promise<boolean> {
  try {
    await askSupervisor(connection, { list: 'listeners' });
    return false;
  } catch (error) {
    if (error instanceof CommandFailed) return true;
    throw error;
  }
}

async function isUnlisted(connection: Connection, name: string): Promise<boolean> {
  const listed = (await operatorAnswer(connection, { ask: 'nodes' })).get('nodes');
  return Array.isArray(listed) && listed.every((node) => membersOf(node).get('name') !== name);
}
