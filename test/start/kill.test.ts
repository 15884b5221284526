import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataFolder, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

/** The supervisor waits longer between workers that die one after the other, so more rounds take long. */
const rounds = 7;
const writers = 16;

test('kill -9 of the worker during a thousand writes, repeatedly: every acknowledged write is there', async () => {
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path]);
  const acknowledged = new Map<string, string>();
  for (let round = 0; round < rounds; round += 1) {
    const agent = new Agent({ keepAlive: true, maxSockets: writers });
    const writing = Array.from({ length: writers }, (_, writer) =>
      write(world, agent, { name: `r${round}-w${writer}`, acknowledged }),
    );
    await sleep(120 + 37 * (round % 5));
    process.kill(world.workerPid(), 'SIGKILL');
    await Promise.all(writing);
    agent.destroy();
    await until(async () => (await greeting(world)) === 200, 'an answer of the next worker');
  }
  assert.ok(acknowledged.size > 0, 'nothing was written');

  for (const [name, value] of acknowledged) {
    const { status, body } = await world.client.vault('demo', 'GET', `/secrets/${name}`, { from: '127.0.0.7' });
    assert.equal(status, 200, `${name}: ${JSON.stringify(body)}`);
    // A later write may have been committed without its answer arriving.
    assert.ok(
      Number(body['value']) >= Number(value),
      `${name}: ${value} was acknowledged, ${String(body['value'])} found`,
    );
  }
  const lines = readFileSync(join(data.path, 'audit/audit.jsonl'), 'utf8').split('\n');
  assert.equal(lines.pop(), '', 'the log ends in an unfinished line');
  for (const line of lines) assert.doesNotThrow(() => JSON.parse(line), line);
});

/** Writes 1, 2, 3 … to one secret, each after the answer to the one before, until the connection breaks. */
async function write(
  world: RunningPostern,
  agent: Agent,
  { name, acknowledged }: { readonly name: string; readonly acknowledged: Map<string, string> },
): Promise<void> {
  for (let count = 1; count <= 1000; count += 1) {
    const sent = { from: '127.0.0.7', agent, body: { value: String(count) } };
    const answer = await world.client.vault('demo', 'PUT', `/secrets/${name}`, sent).catch(() => undefined);
    if (answer === undefined) return;
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    acknowledged.set(name, String(count));
  }
}

async function greeting(world: RunningPostern): Promise<number | undefined> {
  const answer = await world.client
    .vault('demo', 'GET', '/secrets/greeting', { from: '127.0.0.7' })
    .catch(() => undefined);
  return answer?.status;
}
