import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import { notRun } from '../not-run.ts';
import { openInNamespace } from '../../src/supervisor/namespace-socket.ts';
import { control, readGreeting, startSupervisor, type Greeting } from './supervised.ts';

/** A network namespace with one address, and how the supervisor and a program enter it. */
interface TestNamespace {
  readonly namespace: string | { readonly pid: number };
  readonly enter: { readonly command: string; readonly parameters: readonly string[] };
}

/** A private address that the host itself does not have. */
const privateAddress = '10.99.7.4';
const addAddress = `ip link set lo up && ip addr add ${privateAddress}/32 dev lo`;
const subnet = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/one';

/** Rootless: the namespace of a process that is root in a user namespace of its own. */
async function ofProcess(t: TestContext): Promise<TestNamespace> {
  const holder = spawn('unshare', ['-Urn', 'sh', '-c', `${addAddress} && echo up && exec cat`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  t.after(() => holder.stdin.end());
  const pid = holder.pid ?? 0;
  return {
    namespace: { pid },
    enter: { command: 'nsenter', parameters: ['-t', String(pid), '-U', '--preserve-credentials', '-n'] },
  };
}

/** As root: a namespace that `ip netns` knows by name. */
function named(t: TestContext): TestNamespace {
  const name = `postern-test-${process.pid}`;
  const ip = (...parameters: readonly string[]) => assert.equal(spawnSync('ip', parameters).status, 0);
  ip('netns', 'add', name);
  t.after(() => ip('netns', 'del', name));
  ip('netns', 'exec', name, 'sh', '-c', addAddress);
  return { namespace: name, enter: { command: 'ip', parameters: ['netns', 'exec', name] } };
}

/** Connects from the private address inside the namespace, and reads the worker's greeting. */
async function greetFrom({ enter }: TestNamespace, port: number): Promise<Greeting> {
  const connecting =
    `require('node:net').connect({ host: '${privateAddress}', port: ${port}, localAddress: '${privateAddress}' })` +
    `.on('error', (error) => { console.error(error.code); process.exitCode = 1; }).pipe(process.stdout)`;
  const parameters = [...enter.parameters, process.execPath, '-e', connecting];
  const client = spawn(enter.command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of client.stdout.setEncoding('utf8')) text += String(chunk);
  return readGreeting(text);
}

async function handsOver(t: TestContext, inside: TestNamespace): Promise<void> {
  const supervised = startSupervisor(t);
  const ready = await supervised.ready();
  const open = { open: 'listener', namespace: inside.namespace, port: 9001, subnet };
  const opened = await control(ready.controlSocket, open);
  const incarnation = `made by ${ready.pid}`;
  assert.deepEqual(opened, { ok: true, id: opened['id'], incarnation });
  const listener = { kind: 'subnet', id: opened['id'], subnet, incarnation, port: 9001 };
  assert.deepEqual(await control(ready.controlSocket, { list: 'listeners' }), {
    ok: true,
    listeners: [listener],
    bindings: [],
  });

  const first = await greetFrom(inside, 9001);
  assert.equal(first.remoteAddress, privateAddress);
  assert.equal(first.pid, ready.pid);

  // The next worker gets the same socket, and the incarnation, so that it does not resolve the name again.
  process.kill(ready.pid, 'SIGKILL');
  const second = await greetFrom(inside, 9001);
  assert.equal(second.remoteAddress, privateAddress);
  assert.notEqual(second.pid, ready.pid);
  assert.equal(second.listener.incarnation, incarnation);

  // So does the worker that replaces it after SIGHUP.
  supervised.process.kill('SIGHUP');
  await supervised.until(() => supervised.complaints.includes('SIGHUP'));
  const third = await greetFrom(inside, 9001);
  assert.equal(third.remoteAddress, privateAddress);
  assert.equal(third.listener.incarnation, incarnation);

  const again = await control(ready.controlSocket, open);
  assert.deepEqual(again, {
    ok: false,
    message: 'port 9001 is already taken in that namespace: choose another --port',
  });
  const missing = await control(ready.controlSocket, { ...open, port: 9002, subnet: `${subnet}/missing` });
  assert.deepEqual(missing, { ok: false, message: 'there is no such subnet' });

  assert.deepEqual(await control(ready.controlSocket, { close: 'listener', id: opened['id'] }), {
    ok: true,
    id: opened['id'],
  });
  const reopened = await control(ready.controlSocket, open);
  assert.equal(reopened['ok'], true);
  assert.notEqual(reopened['id'], opened['id']);
}

const hasUserNamespaces = spawnSync('unshare', ['-Urn', 'true']).status === 0;
const canMakeNamed = process.geteuid?.() === 0 && spawnSync('ip', ['netns', 'list']).status === 0;

if (hasUserNamespaces) {
  test("a socket opened in a process's namespace is handed over, and sees the private address", async (t) => {
    await handsOver(t, await ofProcess(t));
  });
} else notRun("a listener in a process's network namespace", 'this user may not make user namespaces');

if (canMakeNamed) {
  test('a socket opened in a named namespace is handed over, and sees the private address', async (t) => {
    await handsOver(t, named(t));
  });
} else notRun('a listener in a named network namespace', 'this needs root, and ip of iproute2');

if (hasUserNamespaces) {
  test('as many listeners as a large network has are opened in one request', async (t) => {
    const { namespace } = await ofProcess(t);
    const places = Array.from({ length: 4_000 }, (_, index) => ({ address: '0.0.0.0', port: 10_000 + index }));
    const opened = await openInNamespace({ namespace, places, environment: process.env });
    assert.ok(opened.ok, JSON.stringify(opened));
    const sockets = opened.sockets.flatMap((one) => (one.ok ? [one.socket] : []));
    assert.equal(sockets.length, places.length);
    for (const socket of sockets) socket.close();
  });
}

test("a namespace that does not exist is refused with the system's message", async (t) => {
  const { controlSocket } = await startSupervisor(t).ready();
  const open = { open: 'listener', namespace: 'postern-none', port: 9001, subnet };
  const answer = await control(controlSocket, open);
  assert.equal(answer['ok'], false);
  assert.match(String(answer['message']), /^the namespace cannot be entered: .*postern-none|^ip cannot be started/s);
  // The largest pid on Linux is one less than this number.
  const most = Number(await readFile('/proc/sys/kernel/pid_max', 'utf8').catch(() => '4194304'));
  assert.equal((await control(controlSocket, { ...open, namespace: { pid: most } }))['ok'], false);
});
