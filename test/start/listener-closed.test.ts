import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { virtualNetworkId } from '../../src/resources/keys.ts';
import { demo } from '../../src/setup/demo.ts';
import { notRun } from '../not-run.ts';
import { control } from '../supervisor/supervised.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';
import { freePort } from '../world/free-port.ts';

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answer = await Promise.race([once(socket, 'connect'), once(socket, 'error')]).catch((error: unknown) => [
    error,
  ]);
  socket.destroy();
  return answer.length === 0;
}

test('a listener that is closed while a worker starts does not accept, whenever it is closed', async () => {
  if (process.geteuid?.() !== 0) {
    notRun('closing a listener while a worker starts', 'entering the own network namespace needs root');
    return;
  }
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path]);
  const { subscriptionId, controlSocket } = world.ready;
  const network = virtualNetworkId({ subscriptionId, resourceGroup: demo.resourceGroup, name: demo.networks[0] });
  const port = await freePort();
  const opened = await control(controlSocket, {
    open: 'listener',
    namespace: { pid: process.pid },
    port,
    subnet: `${network}/subnets/${demo.subnet}`,
  });
  assert.equal(opened['ok'], true, JSON.stringify(opened));
  assert.equal(await accepts(port), true);
  process.kill(world.workerPid(), 'SIGKILL');
  await until(() => world.stderr().includes('another one starts'), 'the death');
  await until(() => {
    try {
      return world.workerPid() > 0;
    } catch {
      return false;
    }
  }, 'another worker');
  assert.deepEqual(await control(controlSocket, { close: 'listener', id: opened['id'] }), {
    ok: true,
    id: opened['id'],
  });
  assert.equal(await accepts(port), false);
  await until(() => world.stderr().split('"msg":"ready"').length === 3, 'another worker that is ready');
  assert.equal(await accepts(port), false);
});
