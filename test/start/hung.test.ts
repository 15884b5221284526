import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataFolder, startCommand } from '../world/process.ts';

const impatient = [process.execPath, join(import.meta.dirname, 'impatient.ts')];
/** Longer than the impatient supervisor waits for a silent worker. */
const longerThanItWaitsMs = 3_000;

test('a worker that hangs is killed and replaced on the same port, and waiting requests are answered', async () => {
  using data = dataFolder();
  await using world = await startCommand([...impatient, '--data', data.path]);
  const hung = world.workerPid();
  process.kill(hung, 'SIGSTOP');
  const answer = await world.client.vault('demo', 'GET', '/secrets/greeting', { from: '127.0.0.7' });
  assert.equal(answer.status, 200);
  assert.notEqual(world.workerPid(), hung);
  assert.match(world.stderr(), /the worker has not answered for 2 s and is killed\n/);
  assert.match(world.stderr(), /the worker died \(SIGKILL\); another one starts now/);
});

test('a worker is not replaced for a pause that also stopped the supervisor', async () => {
  using data = dataFolder();
  await using world = await startCommand([...impatient, '--data', data.path]);
  const worker = world.workerPid();
  const both = [worker, world.child.pid ?? 0];
  for (const pid of both) process.kill(pid, 'SIGSTOP');
  await sleep(longerThanItWaitsMs);
  for (const pid of both.toReversed()) process.kill(pid, 'SIGCONT');
  await sleep(1_000);
  assert.equal(world.workerPid(), worker);
  assert.doesNotMatch(world.stderr(), /has not answered/);
});

test('a start names the hung worker that a killed supervisor left behind', async () => {
  using data = dataFolder();
  await using world = await startCommand([...impatient, '--data', data.path]);
  const orphan = world.workerPid();
  process.kill(orphan, 'SIGSTOP');
  try {
    world.child.kill('SIGKILL');
    await world.exited();
    const again = (port: string) => {
      const options = ['start', '--listen', '127.0.0.1', '--port', port, '--data', data.path];
      return spawnSync(join(import.meta.dirname, '../../bin/postern'), options, { encoding: 'utf8', timeout: 60_000 });
    };
    const samePort = again(new URL(world.ready.home).port);
    assert.equal(samePort.status, 1);
    assert.match(samePort.stderr, new RegExp(`already does \\(process ${orphan}: .*\\): stop it, or change --port`));
    const sameFolder = again('0');
    assert.equal(sameFolder.status, 1);
    assert.match(sameFolder.stderr, new RegExp(`uses this data folder\\. Stop it first\\. \\(process ${orphan}: `));
  } finally {
    process.kill(orphan, 'SIGKILL');
  }
});
