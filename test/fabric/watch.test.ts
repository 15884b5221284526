import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { findResponder } from '../../src/fabric/ground.ts';
import { isAlive, markOf, type ProcessMark } from '../../src/fabric/processes.ts';
import { ResponderWatch } from '../../src/fabric/responder-watch.ts';
import { until } from '../world/process.ts';
import type { FabricLab } from './fabric-lab.ts';
import { leftOf } from './left.ts';
import { findsName } from './names-in.ts';
import { putNetwork, subnetAt, testAtSite } from './site.ts';
import { Successors } from './successors.ts';

const web = subnetAt('10.0.0.0/24', 'endpoint');

testAtSite('a responder of names that is killed is started again', async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.0.0.0/16', subnets: { web } });
  await lab.up();
  const place = await lab.join('blue/web');
  assert.equal(findsName(place), true);
  const before = responderOf(lab);
  process.kill(before.pid, 'SIGKILL');
  await until(() => findsName(place), 'names again');
  assert.notEqual(responderOf(lab).pid, before.pid);
  assert.deepEqual((await lab.status()).problems, []);
  await lab.kill();
  await lab.up();
  assert.equal(findsName(place), true, 'the next reconciler takes the new one over');
  await lab.net('down');
  assert.deepEqual(await leftOf(lab), []);
});

test('a responder that cannot be started again is a problem until it is', async () => {
  using started = new Sleepers();
  const first = started.start();
  let [nowMs, isPossible] = [0, false];
  const lines: string[] = [];
  const tries: number[] = [];
  const watch = new ResponderWatch({
    responder: first,
    start: () => {
      tries.push(nowMs);
      return isPossible ? Promise.resolve(started.start()) : Promise.reject(new Error('the port is taken'));
    },
    started: () => undefined,
    line: (line) => lines.push(line),
    now: () => nowMs,
  });
  assert.deepEqual([await watch.look(), watch.problem], [true, undefined]);
  process.kill(first.pid, 'SIGKILL');
  await until(() => !isAlive(first), 'its end');
  for (nowMs = 0; nowMs <= 1_000; nowMs += 100) assert.equal(await watch.look(), true);
  assert.deepEqual(tries, [0, 300, 900]);
  assert.match(watch.problem ?? '', /^The responder of names ended, .* cannot be started again: the port is taken\.$/);
  [nowMs, isPossible] = [5_000, true];
  assert.deepEqual([await watch.look(), watch.problem], [true, undefined]);
  assert.equal(lines.length, 2, 'its end and its start are told once');
});

test('without a responder a fabric of an ordinary user does not go on', async () => {
  using started = new Sleepers();
  const responder = started.start();
  const watch = new ResponderWatch({
    responder,
    start: undefined,
    started: () => undefined,
    line: () => undefined,
    now: () => 0,
  });
  assert.equal(await watch.look(), true);
  process.kill(responder.pid, 'SIGKILL');
  await until(() => !isAlive(responder), 'its end');
  assert.equal(await watch.look(), false);
});

testAtSite('networks whose server has lost its data folder are removed', async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.0.0.0/16', subnets: { web } });
  await lab.up();
  const { pid } = await lab.status();
  await lab.join('blue/web');
  await lab.server.end('SIGTERM');
  rmSync(lab.dataDir, { recursive: true });
  await until(() => !existsSync(`/proc/${pid}`), 'the end of the reconciler');
  assert.deepEqual(await leftOf(lab), []);
});

testAtSite("down does not wait for processes of others that have the fabric's mark", async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.0.0.0/16', subnets: { web } });
  await lab.up();
  await using successors = new Successors(lab.place.instance, 61_112);
  await successors.begin();
  assert.match((await lab.net('down')).output, /The networks are removed\./);
  assert.match((await lab.net('down')).output, /There are no networks of this server\./);
  assert.equal(successors.goOn(), true, 'they are not for the fabric to end');
});

function responderOf({ place }: FabricLab): ProcessMark {
  const found = findResponder(place);
  assert.ok(found);
  return found;
}

/** Processes that do nothing, until they are ended. */
class Sleepers implements Disposable {
  readonly #ends: (() => void)[] = [];

  start(): ProcessMark {
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    this.#ends.push(() => void child.kill('SIGKILL'));
    const mark = markOf(child.pid ?? 0);
    assert.ok(mark);
    return mark;
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }
}
