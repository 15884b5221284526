import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import { dataFolder, startCommand, until } from '../world/process.ts';

const root = join(import.meta.dirname, '../..');
const postern = join(root, 'bin/postern');
const units = join(root, 'examples/systemd');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Prints each datagram that arrives, a line each. */
const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(s.recv(4096).decode().replace('\\n', ' '), flush=True)
`;

test('the units are ones that systemd takes, and the server is confined', () => {
  const names = readdirSync(units).toSorted();
  assert.deepEqual(names, ['postern-net.service', 'postern.service']);
  if (!hasSystemd) {
    notRun('the units of systemd', 'systemd is not installed');
    return;
  }
  using folder = dataFolder();
  const [net, server] = [join(folder.path, 'postern-net.service'), join(folder.path, 'postern.service')] as const;
  const paths = [net, server];
  for (const path of paths) {
    // The program must be there.
    const unit = readFileSync(join(units, basename(path)), 'utf8').replaceAll('/usr/local/bin/postern', postern);
    writeFileSync(path, unit);
  }
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], { encoding: 'utf8' });
  assert.deepEqual([verified.status, verified.stderr], [0, '']);
  const words = ['security', '--offline=true', '--no-pager', server];
  const exposed = (most: string) =>
    spawnSync('systemd-analyze', [...words, `--threshold=${most}`], { encoding: 'utf8' });
  const bounded = exposed('16');
  assert.equal(bounded.status, 0, bounded.stdout.trim().split('\n').at(-1) ?? '');
  assert.notEqual(exposed('10').status, 0);
});

test('the service manager hears that the server is ready, lives and stops, and the worker cannot reach it', async (t) => {
  const programs = { python3: hasPython, 'systemd-notify': hasSystemd };
  const missing = Object.entries(programs).find(([, isThere]) => !isThere);
  if (missing !== undefined) {
    notRun('notices to a service manager', `${missing[0]} is not installed`);
    return;
  }
  using data = dataFolder();
  using run = dataFolder();
  mkdirSync(join(run.path, 'folder'));
  const socket = join(run.path, 'folder/notify');
  const heard: string[] = [];
  const manager = spawn('python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => manager.kill());
  createInterface(manager.stdout).on('line', (line) => heard.push(line));
  await until(() => heard.length > 0, 'the socket');
  const environment = [`NOTIFY_SOCKET=${socket}`, 'WATCHDOG_USEC=400000'];
  await using world = await startCommand(['env', ...environment, postern, 'start', '--data', data.path]);
  await until(() => heard.some((line) => /^READY=1\b/.test(line)), 'READY=1');
  await until(() => heard.includes('WATCHDOG=1'), 'WATCHDOG=1');
  const variables = readFileSync(`/proc/${world.workerPid()}/environ`, 'utf8').split('\0');
  assert.deepEqual(
    variables.filter((variable) => /^(?:NOTIFY|WATCHDOG)_/.test(variable)),
    [],
  );
  assert.equal(await world.end('SIGTERM'), 0);
  await until(() => heard.some((line) => /^STOPPING=1\b/.test(line)), 'STOPPING=1');
});
