import assert from 'node:assert/strict';
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { test } from 'node:test';
import { control, greet, newFolder, startSupervisor } from './supervised.ts';

test('it gives every configured socket to a worker, prints its line once, and ends with 0 when asked to', async (t) => {
  const folder = await newFolder(t);
  const gateway = join(folder, 'gateway');
  await mkdir(gateway, { mode: 0o700 });
  await writeFile(join(folder, 'ca.pem'), '');
  const vnet = 'aaaaaaaa-0000-4000-8000-000000000000';
  await writeFile(
    join(folder, 'postern.json'),
    JSON.stringify({
      gateways: {
        tls: { listen: '127.0.0.1:0', clientCa: 'ca.pem' },
        unix: [{ vnet, path: join(gateway, 'in.sock') }],
      },
      loadBalancers: [{ listen: '127.0.0.1:0', from: ['127.0.0.1'], version: 2 }],
    }),
  );
  const supervised = startSupervisor(t, { argv: ['--memory', '--config', join(folder, 'postern.json')] });
  const ready = await supervised.ready();
  // The last is the operator's.
  assert.equal(ready.listeners, 6);
  assert.equal((await stat(join(gateway, 'in.sock'))).mode & 0o777, 0o600);
  for (const host of ['127.0.0.1', '::1']) {
    const greeting = await greet(ready.port, host);
    assert.equal(greeting.pid, ready.pid);
    assert.equal(greeting.remoteAddress, host);
    assert.equal(greeting.listener.kind, 'public');
  }
  supervised.process.kill('SIGINT');
  assert.equal(await supervised.exit(), 0);
  assert.equal(supervised.output.length, 1);
  await assert.rejects(stat(ready.controlSocket), { code: 'ENOENT' });
  await assert.rejects(stat(join(gateway, 'in.sock')), { code: 'ENOENT' });
});

test('a worker that is killed is replaced, and connections wait in the same sockets: the supervisor accepts none', async (t) => {
  const supervised = startSupervisor(t);
  const ready = await supervised.ready();
  let pid = ready.pid;
  for (let death = 0; death < 2; death += 1) {
    process.kill(pid, 'SIGSTOP');
    // The worker cannot accept these, and no other process does.
    const waiting = Array.from({ length: 30 }, () => greet(ready.port));
    const unanswered = await Promise.race([Promise.any(waiting), greetingTime()]);
    assert.equal(unanswered, 'nobody answers');
    process.kill(pid, 'SIGKILL');
    const pids = new Set((await Promise.all(waiting)).map((greeting) => greeting.pid));
    assert.equal(pids.size, 1);
    assert.ok(!pids.has(pid) && !pids.has(supervised.process.pid ?? 0));
    [pid = 0] = pids;
  }
  assert.match(supervised.complaints, /the worker died \(SIGKILL\); another one starts now/);
  assert.equal(supervised.output.length, 1);
});

/** Long enough for an answer, if one were to come. */
async function greetingTime(): Promise<string> {
  const other = createServer((socket) => socket.end('{"pid":0}'));
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const address = other.address();
  assert.ok(typeof address === 'object' && address !== null);
  for (let round = 0; round < 20; round += 1) await greet(address.port);
  other.close();
  return 'nobody answers';
}

test('a worker that never becomes ready is given up', async (t) => {
  const supervised = startSupervisor(t, { environment: { STUB: 'dies' } });
  assert.equal(await supervised.exit(), 1);
  assert.match(supervised.complaints, /the worker died 5 times before it was ready, the last time by SIGKILL/);
  assert.deepEqual(supervised.output, []);
});

test("a worker's fatal message is printed and ends everything with 1", async (t) => {
  const supervised = startSupervisor(t, { environment: { STUB: 'fatal' } });
  assert.equal(await supervised.exit(), 1);
  assert.equal(supervised.complaints, 'postern: the master key is wrong\n');
});

test('once ready, it keeps trying while no worker can start, prints the reason each time, and serves when one can', async (t) => {
  const obstacle = join(await newFolder(t), 'full');
  const supervised = startSupervisor(t, { environment: { STUB_OBSTACLE: obstacle } });
  const { port, pid } = await supervised.ready();
  await writeFile(obstacle, '');
  process.kill(pid, 'SIGKILL');
  const reasons = /the worker cannot continue: the disk is full; another one starts in \d+ ms\n/g;
  // More often than a first start would try.
  await supervised.until(() => [...supervised.complaints.matchAll(reasons)].length >= 6);
  await rm(obstacle);
  assert.notEqual((await greet(port)).pid, pid);
  await writeFile(obstacle, '');
  // Also when SIGHUP comes meanwhile, and it still ends when asked to.
  supervised.process.kill('SIGHUP');
  const before = [...supervised.complaints.matchAll(reasons)].length;
  await supervised.until(() => [...supervised.complaints.matchAll(reasons)].length > before + 1);
  supervised.process.kill('SIGTERM');
  assert.equal(await supervised.exit(), 0);
});

for (const misbehaviour of ['garbage', 'acknowledgement']) {
  test(`a worker that sends ${misbehaviour} instead of a message ends with the supervisor`, async (t) => {
    const supervised = startSupervisor(t, { environment: { STUB: misbehaviour } });
    // It has the sockets and would keep accepting unwatched, so both pipes end with it.
    assert.equal(await supervised.exit(), 1);
    assert.match(supervised.complaints, /^postern: the supervisor ends: /);
  });
}

test('a connection that a worker sends to the supervisor is closed, and does not keep the supervisor from ending', async (t) => {
  const supervised = startSupervisor(t, { environment: { STUB: 'gives connections away' } });
  const { port } = await supervised.ready();
  const client = connect(port, '127.0.0.1').on('error', () => undefined);
  try {
    await once(client.resume(), 'close', { signal: AbortSignal.timeout(30_000) });
  } finally {
    client.destroy();
  }
});

test('a second signal does not wait for a worker that does not end', async (t) => {
  const supervised = startSupervisor(t, { environment: { STUB: 'stubborn' } });
  await supervised.ready();
  supervised.process.kill('SIGTERM');
  supervised.process.kill('SIGINT');
  assert.equal(await supervised.exit(), 1);
});

test('the master key reaches the worker in its first message only', async (t) => {
  const supervised = startSupervisor(t, { environment: { POSTERN_MASTER_KEY: 'k', POSTERN_MASTER_KEY_PREVIOUS: 'p' } });
  const ready = await supervised.ready();
  assert.equal(ready.masterKey, 'k');
  assert.deepEqual(ready.environment, []);
});

test('a second process on the same data folder is refused, and kill -9 leaves no lock behind', async (t) => {
  const open = await newFolder(t);
  // Otherwise the worker would use the same folder by another path.
  await chmod(open, 0o755);
  const data = join(open, 'data');
  const first = startSupervisor(t, { argv: ['--data', data] });
  const ready = await first.ready();
  assert.equal(ready.dataFolder, data);
  assert.equal(ready.folder, data);
  const { mode, uid } = await stat(data);
  assert.equal(mode & 0o777, 0o700);
  assert.equal(uid, ready.become?.uid ?? process.geteuid?.());
  assert.equal((await stat(join(ready.controlSocket, '..'))).mode & 0o777, 0o700);
  if (process.geteuid?.() === 0) {
    assert.ok(!ready.controlSocket.startsWith(data));
    assert.deepEqual(ready.become, { uid: ready.become?.uid, gid: ready.become?.gid });
  }

  const second = startSupervisor(t, { argv: ['--data', data] });
  assert.equal(await second.exit(), 1);
  const named = new RegExp(
    `Another Postern uses the data folder ${data} \\(process ${first.process.pid}: .*\\): stop it, or choose another --data`,
  );
  assert.match(second.complaints, named);

  first.process.kill('SIGKILL');
  await first.exit();
  const third = startSupervisor(t, { argv: ['--data', data] });
  assert.notEqual((await third.ready()).pid, ready.pid);
});

test('invalid options and a port in use are refused before anything starts', async (t) => {
  const wrong = startSupervisor(t, { argv: ['--memory', '--prot', '1'] });
  assert.equal(await wrong.exit(), 2);
  assert.match(wrong.complaints, /^postern: the option --prot is not known\. Did you mean --port\?/);

  const other = createServer();
  await once(other.listen(0, '127.0.0.1'), 'listening');
  t.after(() => other.close());
  const address = other.address();
  assert.ok(typeof address === 'object' && address !== null);
  const config = join(await newFolder(t), 'postern.json');
  const listen = `127.0.0.1:${address.port}`;
  await writeFile(config, JSON.stringify({ loadBalancers: [{ listen, from: ['127.0.0.1'], version: 1 }] }));
  const taken = startSupervisor(t, { argv: ['--memory', '--config', config] });
  assert.equal(await taken.exit(), 1);
  const remedy = 'stop it, or change loadBalancers.listen';
  assert.ok(
    taken.complaints.startsWith(
      `postern: Cannot listen on ${listen}: another process already does (process ${process.pid}: `,
    ),
    taken.complaints,
  );
  assert.ok(taken.complaints.endsWith(`): ${remedy}.\n`), taken.complaints);
  const port = startSupervisor(t, { argv: ['--memory', '--listen', '127.0.0.1', '--port', String(address.port)] });
  assert.equal(await port.exit(), 1);
  assert.match(port.complaints, /\(process \d+: .*\): stop it, or change --port \(or --listen\)/);
});

test('the control socket refuses what it does not understand', async (t) => {
  const { controlSocket } = await startSupervisor(t).ready();
  assert.equal((await stat(controlSocket)).mode & 0o777, 0o600);
  for (const request of ['x', '[]', { open: 'door' }, { open: 'listener', namespace: '-n', port: 1, subnet: '/s' }]) {
    assert.equal((await control(controlSocket, request))['ok'], false);
  }
  assert.deepEqual(await control(controlSocket, { list: 'listeners' }), { ok: true, listeners: [], bindings: [] });
  assert.deepEqual(await control(controlSocket, { close: 'listener', id: 'public' }), {
    ok: false,
    message: 'the listener public does not exist; "postern listener list" shows the ids',
  });
});
