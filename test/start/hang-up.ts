/** SIGHUP, and the clients that must not notice it. */
import { Agent } from 'node:https';
import { until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const from = '127.0.0.7';

/** Sends SIGHUP, and waits until the next worker is ready. */
export async function hangUp(world: RunningPostern): Promise<void> {
  const count = () => world.stderr().split('"msg":"ready"').length;
  const before = count();
  world.child.kill('SIGHUP');
  await until(() => count() > before, 'another worker');
}

interface Load {
  readonly stop: () => Promise<{ readonly requests: number; readonly failures: readonly string[] }>;
}

/**
 * Clients that read and write without a pause, each on a connection that it keeps as long as possible: none is idle when
 * the server ends idle ones.
 */
export function load(world: RunningPostern, count = 6): Load {
  const stopped = new AbortController();
  let requests = 0;
  const failures: string[] = [];
  const clients = Array.from({ length: count }, async (_, client) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let round = 1; !stopped.signal.aborted; round += 1) {
      const name = `/secrets/of-${client}`;
      const [method, sent] =
        round % 3 === 1 ? (['PUT', { body: { value: String(round) } }] as const) : (['GET', {}] as const);
      const answer = await world.client.vault('demo', method, name, { from, agent, ...sent }).catch(String);
      requests += 1;
      if (typeof answer === 'string' || answer.status !== 200) failures.push(JSON.stringify(answer));
    }
    agent.destroy();
  });
  return {
    async stop() {
      stopped.abort();
      await Promise.all(clients);
      return { requests, failures };
    },
  };
}
