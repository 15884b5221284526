import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { Agent } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { failingDisk } from '../faults/failing-disk.ts';
import { notRun } from '../not-run.ts';
import { dataFolder, startCommand, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import { beginPut } from './unfinished-put.ts';

const postern = join(import.meta.dirname, '../../bin/postern');

interface Open {
  /** Resolves when the server has ended the connection. */
  readonly closed: Promise<unknown>;
}

/** A keep-alive connection that has had an answer; shows when the server ends it. */
async function idle(world: RunningPostern): Promise<Open> {
  const agent = new Agent({ keepAlive: true });
  const freed = once(agent, 'free');
  const { status } = await world.client.vault('demo', 'GET', '/secrets/greeting', { from: '127.0.0.7', agent });
  assert.equal(status, 200);
  const [socket] = (await freed) as [Socket];
  return { closed: once(socket, 'close') };
}

/** A connection whose TLS handshake is complete, and that never sends a request. */
async function silent(world: RunningPostern): Promise<Open> {
  const { port, hostname } = new URL(world.ready.home);
  const socket = connect({ host: '127.0.0.1', port: Number(port), servername: hostname, ca: world.client.ca });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return { closed: once(socket, 'close') };
}

const stops = {
  'the supervisor': (world: RunningPostern) => [world.child.pid ?? 0],
  'both, the worker first': (world: RunningPostern) => [world.workerPid(), world.child.pid ?? 0],
  'both, the supervisor first': (world: RunningPostern) => [world.child.pid ?? 0, world.workerPid()],
} as const;

for (const [whom, pids] of Object.entries(stops)) {
  test(`SIGTERM to ${whom}: what is in flight is answered, the rest is closed, the database is one file`, async () => {
    using data = dataFolder();
    await using world = await startPostern(['--data', data.path]);
    const agent = new Agent({ keepAlive: true });
    const put = await beginPut(world, 'in-flight', agent);
    const others = await Promise.all([idle(world), silent(world)]);
    for (const pid of pids(world)) process.kill(pid, 'SIGTERM');
    await until(() => world.stderr().includes('stopping'), 'the start of the stop');
    await until(() => isRefused(world), 'the end of what listened');
    for (const { closed } of others) await closed;
    const answer = await put.finish();
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers.connection, 'close');
    assert.equal(await world.exited(), 0, world.stderr());
    assert.match(world.stderr(), /"msg":"ready"/);
    assert.match(world.stderr(), /"msg":"stopped"/);
    assert.doesNotMatch(world.stderr(), /cut|"level":50/);
    assert.ok(statSync(join(data.path, 'postern.db')).size > 0);
    for (const beside of ['-wal', '-shm']) assert.ok(!existsSync(join(data.path, `postern.db${beside}`)), beside);

    await using again = await startPostern(['--data', data.path]);
    const { body: kept } = await again.client.vault('demo', 'GET', '/secrets/in-flight', { from: '127.0.0.7' });
    assert.equal(kept['value'], 'kept');
  });
}

test('SIGTERM to the worker alone answers what is in flight, and another worker takes its place', async () => {
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path]);
  const first = world.workerPid();
  const put = await beginPut(world, 'in-flight', new Agent({ keepAlive: true }));
  process.kill(first, 'SIGTERM');
  await until(() => world.stderr().includes('stopping'), 'the start of the stop');
  const meanwhile = world.client.vault('demo', 'GET', '/secrets/greeting', { from: '127.0.0.7' });
  assert.equal((await put.finish()).statusCode, 200);
  assert.equal((await meanwhile).status, 200);
  assert.notEqual(world.workerPid(), first);
});

test('a request that does not finish is cut off, and after a second signal none is waited for', async () => {
  using data = dataFolder();
  {
    await using world = await startPostern(['--data', data.path]);
    const put = await beginPut(world, 'never', new Agent({ keepAlive: true }));
    const failed = once(put.outgoing, 'error');
    assert.equal(await world.end('SIGTERM'), 0, world.stderr());
    await failed;
    assert.match(world.stderr(), /"connections":1,"msg":"closing connections whose/);
    assert.ok(!existsSync(join(data.path, 'postern.db-wal')));
  }
  await using world = await startPostern(['--data', data.path]);
  const put = await beginPut(world, 'never', new Agent({ keepAlive: true }));
  put.outgoing.on('error', () => undefined);
  world.child.kill('SIGTERM');
  await until(() => world.stderr().includes('stopping'), 'the start of the stop');
  assert.equal(await world.end('SIGTERM'), 1, world.stderr());
});

test('a worker without its supervisor ends and frees the database, even if the audit log cannot be written', async () => {
  const title = 'a worker without a supervisor on a disk that fails';
  const made = failingDisk();
  if (typeof made === 'string') {
    notRun(title, made);
    return;
  }
  using disk = made;
  using data = dataFolder();
  {
    await using world = await startCommand([...disk.command, postern, 'start', '--data', data.path]);
    const worker = world.workerPid();
    disk.fail(['sync audit']);
    world.child.kill('SIGKILL');
    await world.exited();
    try {
      await until(() => !isRunning(worker), 'the end of the worker');
    } finally {
      if (isRunning(worker)) process.kill(worker, 'SIGKILL');
    }
    assert.match(world.stderr(), /"why":"the supervisor is gone"/);
    assert.match(world.stderr(), /"level":60,.*The audit log in audit cannot be written \(EIO: i\/o error, fsync\)/);
    // The failure of the audit log, which is closed before the store, must not prevent closing the store.
    assert.ok(!existsSync(join(data.path, 'postern.db-wal')));
  }
  await using again = await startPostern(['--data', data.path]);
  assert.equal((await again.client.vault('demo', 'GET', '/secrets/greeting', { from: '127.0.0.7' })).status, 200);
});

function isRunning(pid: number): boolean {
  const status = `/proc/${pid}/status`;
  return existsSync(status) && !/^State:\s+Z/m.test(readFileSync(status, 'utf8'));
}

/** Whether nothing listens on the port any more. */
async function isRefused(world: RunningPostern): Promise<boolean> {
  const failed = await world.client.send(`${world.ready.home}/`).then(
    () => undefined,
    (error: unknown) => error,
  );
  return failed instanceof Error && 'code' in failed && failed.code === 'ECONNREFUSED';
}
