import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataFolder, startPostern, until } from '../world/process.ts';

test('a server goes on, and ends when it is asked to, after the readers of its output have gone', async () => {
  using folder = dataFolder();
  await using server = await startPostern(['--data', folder.path]);
  const { child, client, end, workerPid } = server;
  child.stdout?.destroy();
  child.stderr?.destroy();
  /** Whether another worker serves; between two of them there is none. */
  const isOther = (last: number) => {
    try {
      return workerPid() !== last;
    } catch {
      return false;
    }
  };
  const before = workerPid();
  // It says that the configuration was read again, and the new worker logs that it is ready.
  child.kill('SIGHUP');
  await until(() => isOther(before), 'another worker');
  await until(
    async () => (await client.arm('GET', '/resourceGroups', undefined).catch(() => undefined))?.status === 200,
    'an answer',
  );
  const worker = workerPid();
  child.kill('SIGHUP');
  await until(() => isOther(worker), 'one more worker');
  assert.equal(await end('SIGTERM'), 0);
});
