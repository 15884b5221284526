import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningPostern } from '../world/process.ts';

/** A PUT of a secret whose body is half sent. */
export interface Unfinished {
  readonly outgoing: ClientRequest;
  /** Sends the rest, and reads the answer. */
  readonly finish: () => Promise<IncomingMessage>;
}

const body = JSON.stringify({ value: 'kept' });

/** Begins to put the value `kept`. */
export async function beginPut(world: RunningPostern, name: string, agent: Agent): Promise<Unfinished> {
  const url = new URL(`${world.client.vaultOrigin('demo')}/secrets/${name}?api-version=7.4`);
  const outgoing = request({
    host: '127.0.0.1',
    port: url.port,
    localAddress: '127.0.0.7',
    servername: url.hostname,
    ca: world.client.ca,
    agent,
    method: 'PUT',
    path: url.pathname + url.search,
    headers: {
      host: url.host,
      authorization: `Bearer ${await world.client.token('vault')}`,
      'content-type': 'application/json',
      'content-length': body.length,
    },
  });
  const answered = once(outgoing, 'response');
  answered.catch(() => undefined);
  outgoing.write(body.slice(0, 5));
  // Until the server has it.
  await once(outgoing, 'socket');
  await sleep(300);
  return {
    outgoing,
    async finish() {
      outgoing.end(body.slice(5));
      const [answer] = (await answered) as [IncomingMessage];
      answer.resume();
      return answer;
    },
  };
}
