import { Agent } from 'node:https';
import type { Answered, Client } from '../world/client.ts';
import type { Nodes } from './nodes.ts';

/** Callers of each node at once. */
const callersOfNode = 32;

export interface Hot {
  readonly changes: number;
  /** A sentence for each change that was not done. */
  readonly gaveUp: readonly string[];
}

/** The callers of all nodes change one record at once, each as often as `times` says, one change after the other. */
export async function allAtOnce(
  { nodes }: Nodes,
  { times, change }: { readonly times: number; readonly change: (asked: Change) => Promise<Answered> },
): Promise<Hot> {
  const agent = new Agent({ keepAlive: true });
  const gaveUp: string[] = [];
  const callers = nodes.flatMap((node) => {
    const client = node.client();
    return Array.from({ length: callersOfNode }, async (_, caller) => {
      for (let index = 0; index < times; index += 1) {
        const name = `${node.name}-${caller}-${index}`;
        const { status, body } = await unlessLate(() => change({ client, agent, name }));
        if (status >= 300) gaveUp.push(`${name}: ${status} ${JSON.stringify(body)}`);
      }
    });
  });
  await Promise.all(callers);
  agent.destroy();
  return { changes: callers.length * times, gaveUp };
}

/** Once more where nothing was changed, because a loaded machine kept the database from the node for too long. */
async function unlessLate(change: () => Promise<Answered>): Promise<Answered> {
  for (let tries = 1; ; tries += 1) {
    const answer = await change();
    if (tries === 10 || !isLate(answer)) return answer;
  }
}

function isLate({ status, body }: Answered): boolean {
  return status === 503 && isLateMessage(String(body['error']?.['message']));
}

/** Whether the message of a 503 says that the database did not answer. */
export function isLateMessage(message: string): boolean {
  return message.startsWith('The database of this service cannot be reached');
}

export interface Change {
  readonly client: Client;
  readonly agent: Agent;
  /** Another one for each change. */
  readonly name: string;
}
