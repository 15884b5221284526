import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { notRun } from '../not-run.ts';
import { dataFolder, startCommand } from '../world/process.ts';

const checkout = fileURLToPath(new URL('../../', import.meta.url));

test('if root cannot make a mount namespace, a data folder that the worker cannot reach is refused with the remedy', async () => {
  const withoutMounts = ['setpriv', '--bounding-set=-sys_admin'];
  if (process.geteuid?.() !== 0 || spawnSync('setpriv', [...withoutMounts.slice(1), 'true']).status !== 0) {
    notRun('a data folder behind a closed folder, without mount namespaces', 'needs root and setpriv');
    return;
  }
  using home = dataFolder();
  chmodSync(home.path, 0o700);
  const data = join(home.path, 'data');
  await assert.rejects(
    startCommand([...withoutMounts, join(checkout, 'bin/postern'), 'start', '--data', data]),
    (error: Error) => error.message.includes(`cannot reach ${data}: it may not pass ${home.path} (`),
  );
});

test('started by root with checkout and data folder in a home that is closed to the worker, it serves and makes keys', async () => {
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) {
    notRun('a checkout and a data folder behind a closed folder', 'needs root that may make mount namespaces');
    return;
  }
  using home = dataFolder();
  chmodSync(home.path, 0o700);
  const [copy, data] = [join(home.path, 'checkout'), join(home.path, 'data')];
  mkdirSync(copy);
  // The same files under a path that only root can enter.
  const through = ['unshare', '--mount', 'sh', '-c', `mount --bind "$0" "$1" && shift && exec "$@"`, checkout, copy];
  await using world = await startCommand([...through, join(copy, 'bin/postern'), 'start', '--data', data]);
  assert.notEqual(statSync(data).uid, 0);
  const from = { from: '127.0.0.7' };
  const secret = await world.client.vault('demo', 'GET', '/secrets/greeting', from);
  assert.equal(secret.body['value'], 'hello from behind the boundary');
  const key = await world.client.vault('demo', 'POST', '/keys/k/create', {
    ...from,
    body: { kty: 'EC', crv: 'P-256' },
  });
  assert.equal(key.status, 200, JSON.stringify(key.body));
});
