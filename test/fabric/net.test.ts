import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test, type TestContext } from 'node:test';
import { whyNotInLab } from '../network/in-lab.ts';
import { notRun } from '../not-run.ts';
import { until } from '../world/process.ts';
import { FabricLab, postern, processesWith } from './fabric-lab.ts';
import { reach } from './reach.ts';

/** Rows are tests with a server and fabric of their own, made by root; rootless.test.ts has those of an ordinary user. */
function row(title: string, see: (lab: FabricLab, t: TestContext) => Promise<void>): void {
  const why = whyNotInLab();
  if (why !== undefined) {
    notRun(title, why);
    return;
  }
  test(title, async (t) => {
    await using lab = await FabricLab.start();
    await see(lab, t);
  });
}

const on = { prefix: '10.0.0.0/24', endpoint: true };
const off = { prefix: '10.0.0.0/24', endpoint: false };
const back = { prefix: '10.0.1.0/24', endpoint: false };

/** Nothing of the fabric is on the machine. */
function assertNothingLeft(lab: FabricLab): void {
  assert.deepEqual(lab.namespaces(), []);
  assert.equal(existsSync(lab.place.folder), false, 'the folder of the fabric');
  assert.deepEqual(processesWith(`pt-${lab.place.instance}-internet`), []);
}

row('what the resource manager has is built, and down leaves nothing of it', async (lab) => {
  await lab.putNetwork('blue', { web: on, db: back });
  await lab.putNetwork('green', { web: off });
  const { exitStatus, output } = await lab.net('up', '--detach');
  assert.equal(exitStatus, 0, output);
  assert.match(output, /The networks are there: 2 with 3 subnets\./);
  const status = await lab.status();
  assert.deepEqual(
    status.networks.map(({ name, subnets }) => [name, subnets.map((subnet) => subnet.name)]),
    [
      ['blue', ['web', 'db']],
      ['green', ['web']],
    ],
  );
  assert.equal(lab.namespaces().length, 3, 'the internet and two routers');
  const options = ['--data', lab.dataDir, '--subnet', 'blue/web', '--folder', tmpdir()];
  const program = spawn(postern, ['exec', ...options, '--', 'sh', '-c', 'echo ready; exec sleep 1000']);
  const closed = once(program, 'close');
  let said = '';
  program.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  await Promise.race([once(program.stdout, 'data'), closed]);
  assert.equal(said, '');
  assert.match((await lab.net('down')).output, /The networks are removed\./);
  await closed;
  // The shell may say first that its program was terminated.
  assert.match(said, /^postern: The virtual networks were taken down, /m);
  assertNothingLeft(lab);
  assert.match((await lab.net('down')).output, /There are no networks of this server\./);
});

row('the same address in two networks is two workloads, and each is seen as its own subnet', async (lab) => {
  await lab.putNetwork('blue', { web: on });
  await lab.putNetwork('green', { web: on });
  await lab.putVault(['blue/web']);
  await lab.up();
  const [blue, green] = [await lab.join('blue/web', '10.0.0.4'), await lab.join('green/web', '10.0.0.4')];
  assert.equal(await reach(lab, blue), 'allowed');
  assert.equal(await reach(lab, green), 'ForbiddenByFirewall');
});

row('a switched endpoint changes the way, a removed subnet ends its place, and others are undisturbed', async (lab) => {
  await lab.putNetwork('blue', { web: on, db: { ...back, endpoint: true } });
  await lab.putVault(['blue/web', 'blue/db']);
  await lab.up();
  const [web, db] = [await lab.join('blue/web'), await lab.join('blue/db')];
  assert.equal(await reach(lab, web), 'allowed');
  await lab.putSubnet('blue', 'web', off);
  await until(async () => (await reach(lab, web)) === 'ForbiddenByFirewall', 'the way through the NAT');
  assert.equal(await reach(lab, db), 'allowed');
  await lab.putSubnet('blue', 'web', on);
  await until(async () => (await reach(lab, web)) === 'allowed', 'the way through the endpoint');
  await lab.putSubnet('blue', 'db', back);
  await lab.putVault(['blue/web']);
  await lab.arm('DELETE', '/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/blue/subnets/db');
  await until(async () => (await reach(lab, db)) === 'unreachable', 'the end of the place');
  assert.equal(await reach(lab, web), 'allowed');
});

row('a killed reconciler leaves workloads at work, and the next one takes them over', async (lab) => {
  await lab.putNetwork('blue', { web: on });
  await lab.putVault(['blue/web']);
  await lab.up();
  const web = await lab.join('blue/web');
  const life = statSync(`/run/netns/${web.namespace}`).ino;
  await lab.kill();
  assert.equal(await reach(lab, web), 'allowed');
  assert.match((await lab.net('status')).output, /killed left its networks/);
  await lab.putNetwork('green', { web: off });
  await lab.up();
  assert.equal(statSync(`/run/netns/${web.namespace}`).ino, life);
  assert.equal(await reach(lab, web), 'allowed');
  const { networks } = await lab.status();
  assert.deepEqual(
    networks.map(({ name, subnets }) => [name, subnets[0]?.workloads.length]),
    [
      ['blue', 1],
      ['green', 0],
    ],
  );
  web.end();
  await until(() => !lab.namespaces().includes(web.namespace), 'the end of the place');
});

row('down after a kill leaves nothing, neither what was half made', async (lab) => {
  await lab.putNetwork('blue', { web: on, db: back });
  for (const killAfterMs of [50, 400, 800, 1_200]) {
    const up = spawn(postern, ['net', 'up', '--data', lab.dataDir], { stdio: 'ignore' });
    const ended = new Promise((resolve) => {
      up.once('exit', resolve);
    });
    setTimeout(() => up.kill('SIGKILL'), killAfterMs);
    await ended;
    await lab.net('down');
    assertNothingLeft(lab);
  }
  await lab.up();
  await lab.join('blue/web');
  await lab.kill();
  assert.match((await lab.net('down')).output, /that a "postern net up" left are removed/);
  assertNothingLeft(lab);
});

row('a server that was started again gets its listeners back', async (lab) => {
  await lab.putNetwork('blue', { web: on });
  await lab.putVault(['blue/web']);
  await lab.up();
  const web = await lab.join('blue/web');
  await lab.server.end('SIGKILL');
  await until(async () => !(await lab.status()).hasServer, 'the reconciler to see that the server ended');
  await lab.startServer();
  await until(async () => (await reach(lab, web)) === 'allowed', 'the listeners');
});

row('one server has one fabric, and two servers have one each', async (lab) => {
  await using other = await FabricLab.start();
  for (const each of [lab, other]) {
    await each.putNetwork('blue', { web: on });
    await each.putVault(['blue/web']);
    await each.up();
  }
  const again = await lab.net('up');
  assert.equal(again.exitStatus, 1);
  assert.match(again.output, /Another "postern net" already works on the fabric of this server/);
  const { exitStatus, output } = await lab.net('up', '--detach');
  assert.deepEqual(
    [exitStatus, output],
    [0, `"postern net up" runs already. The networks are there: 1 with 1 subnets.\n`],
  );
  const [one, two] = [await lab.join('blue/web', '10.0.0.4'), await other.join('blue/web', '10.0.0.4')];
  assert.notEqual(one.namespace, two.namespace);
  assert.equal(await reach(lab, one), 'allowed');
  await lab.net('down');
  assert.equal(await reach(other, two), 'allowed');
});

row('a place is refused with its reason, and changes nothing', async (lab) => {
  await lab.putNetwork('blue', { web: on });
  await lab.up();
  const first = await lab.join('blue/web', '10.0.0.4');
  assert.equal(first.ok, true);
  const before = lab.namespaces();
  assert.match((await lab.join('blue/web', '10.0.0.4')).message ?? '', /Another workload has the address 10\.0\.0\.4/);
  assert.match((await lab.join('blue/web', '10.0.9.4')).message ?? '', /outside of the subnet blue\/web/);
  assert.match((await lab.join('blue/app')).message ?? '', /There is no subnet 'blue\/app'/);
  assert.deepEqual(lab.namespaces(), before);
});

row('Ctrl-C in the foreground removes the networks', async (lab) => {
  await lab.putNetwork('blue', { web: on });
  const up = spawn(postern, ['net', 'up', '--data', lab.dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  up.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await until(() => output.includes('The networks are there'), 'the networks');
  const ended = new Promise((resolve) => {
    up.once('exit', resolve);
  });
  up.kill('SIGINT');
  assert.equal(await ended, 0);
  assert.match(output, /removing the networks/);
  assertNothingLeft(lab);
});

row('a server that does not run is an error that says so', async (lab) => {
  await lab.server.end('SIGTERM');
  const { exitStatus, output } = await lab.net('up');
  assert.equal(exitStatus, 1);
  assert.match(output, /cannot be reached/);
  assertNothingLeft(lab);
});
