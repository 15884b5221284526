import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import type { Json } from '../world/client.ts';
import { dataFolder, startCommand, startPostern, until } from '../world/process.ts';
import type { ReadyLine } from '../world/process.ts';

const postern = join(import.meta.dirname, '../../bin/postern');

function run(args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(postern, args, { encoding: 'utf8', timeout: 20_000 });
  return { status, stdout, stderr };
}

test('the first start creates a demo world, which its three commands show', async () => {
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path]);
  const ask = (args: readonly string[]) => run([...args, '--data', data.path]);
  const secret = ['secret', 'show', '--vault', 'demo', '--name', 'greeting'];

  const allowed = ask([...secret, '--from', '203.0.113.7']);
  assert.equal(allowed.status, 0, allowed.stderr);
  assert.equal((JSON.parse(allowed.stdout) as Json)['value'], 'hello from behind the boundary');

  const beside = ask([...secret, '--local-address', '127.0.0.8']);
  assert.equal(beside.status, 1);
  assert.match(beside.stderr, /^error: 403 Forbidden \/ ForbiddenByFirewall\n.*\nClient address: 203\.0\.113\.8\n/);

  const why = ask(['explain', '--vault', 'demo', '--from', '203.0.113.8']);
  assert.equal(why.status, 1);
  assert.equal(ask(['explain', '--vault', 'demo', '--from', '203.0.113.7']).status, 0);
  assert.equal(
    why.stdout,
    [
      'Denied: defaultAction is Deny, 203.0.113.8 is in none of the IP rules (1), and the caller is not a trusted service.',
      'The smallest change that lets it in:',
      '  az keyvault network-rule add --ip-address 203.0.113.8 --name demo',
      '',
    ].join('\n'),
  );
  const network = `/subscriptions/${world.ready.subscriptionId}/resourceGroups/demo/providers/Microsoft.Network/virtualNetworks`;
  const from = (name: string) =>
    ask(['explain', '--vault', 'demo', '--from', '10.0.0.4', '--subnet', `${network}/${name}/subnets/workloads`])
      .stdout;
  assert.match(from('demo-blue'), /^Allowed: .* has virtualNetworkRules\[0\]/);
  assert.match(from('demo-green'), /^Denied: .* has no virtual network rule/);
});

test('a second process on the same data folder is refused, and the first continues', async () => {
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path]);
  const second = run(['start', '--json', '--port', '0', '--data', data.path]);
  assert.equal(second.status, 1);
  assert.match(second.stderr, /Another Postern uses the data folder/);
  assert.equal((await world.client.send(`${world.client.vaultOrigin('demo')}/healthstatus`)).status, 200);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends it cleanly, and the next start finds what it left`, async () => {
    using data = dataFolder();
    let identity;
    {
      await using world = await startPostern(['--data', data.path]);
      identity = identityOf(world.ready);
      assert.equal((await world.client.vault('demo', 'PUT', '/secrets/kept', seen({ value: 'v' }))).status, 200);
      assert.equal(await world.end(signal), 0, world.stderr());
    }
    await using again = await startPostern(['--data', data.path]);
    assert.deepEqual(identityOf(again.ready), identity);
    assert.equal((await again.client.vault('demo', 'GET', '/secrets/kept', seen())).body['value'], 'v');
  });
}

test('a start that fails says why once, in one line', async () => {
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path]);
  assert.equal(await world.end('SIGTERM'), 0);
  writeFileSync(join(data.path, 'postern.db'), 'not a database'.repeat(100));
  const { status, stderr } = run(['start', '--json', '--port', '0', '--data', data.path]);
  assert.equal(status, 1);
  assert.match(stderr, /^postern: postern\.db is damaged, or is not an SQLite database\..*\n$/);
});

test('a worker that is killed is replaced on the same port', async () => {
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path]);
  const first = world.workerPid();
  process.kill(first, 'SIGKILL');
  await until(async () => {
    const answer = await world.client.vault('demo', 'GET', '/secrets/greeting', seen()).catch(() => undefined);
    return answer?.status === 200;
  }, 'an answer of the next worker');
  assert.notEqual(world.workerPid(), first);
  assert.match(world.stderr(), /the worker died \(SIGKILL\); another one starts now/);
});

test('started by root, the worker has a uid of its own and no capability, and owns the data folder', async () => {
  if (process.geteuid?.() !== 0) {
    notRun('the worker gives up root', 'needs root');
    return;
  }
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path]);
  const status = readFileSync(`/proc/${world.workerPid()}/status`, 'utf8');
  const uid = statSync(data.path).uid;
  assert.notEqual(uid, 0);
  assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'));
  assert.match(status, /^Groups:\t\s*$/m);
  assert.match(status, /^CapEff:\t0+$/m);
  assert.match(status, /^CapPrm:\t0+$/m);
  assert.match(status, /^NoNewPrivs:\t1$/m);
});

test("started by root, the worker has none of the files that root's shell had open", async () => {
  if (process.geteuid?.() !== 0) {
    notRun('the worker inherits no file of root', 'needs root');
    return;
  }
  using data = dataFolder();
  using other = dataFolder();
  // The descriptor that scripts around flock(1) use.
  const command = 'exec 200<>"$1" 9<"$1" && shift && exec "$@"';
  const file = join(other.path, 'lock');
  await using world = await startCommand(['bash', '-c', command, 'sh', file, postern, 'start', '--data', data.path]);
  const open = (pid: number) => readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(`/proc/${pid}/fd/${name}`));
  assert.ok(open(world.child.pid ?? 0).includes(file));
  assert.ok(!open(world.workerPid()).includes(file));
  assert.equal((await world.client.vault('demo', 'GET', '/secrets/greeting', seen())).status, 200);
});

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // It was closed meanwhile.
    return undefined;
  }
}

test('root of a user namespace starts it as the ordinary user outside', async () => {
  const isRoot = process.geteuid?.() === 0;
  const asUser = isRoot ? ['setpriv', '--reuid=61044', '--regid=61044', '--clear-groups'] : [];
  const within = [...asUser, 'unshare', '--user', '--map-root-user'];
  const [program, ...parameters] = [...within, 'test', '-x', postern];
  if (spawnSync(program, parameters).status !== 0) {
    notRun('a start by root of a user namespace', 'no user namespaces, or the checkout is closed to other users');
    return;
  }
  using data = dataFolder();
  if (isRoot) chownSync(data.path, 61_044, 61_044);
  // If the real root starts it too, its folder under /run exists, and is closed.
  const others = isRoot ? await startPostern(['--memory']) : undefined;
  for (const place of [['--memory'], ['--data', data.path]]) {
    const world = await startCommand([...within, postern, 'start', ...place]);
    assert.ok(!world.ready.controlSocket.startsWith('/run/'), world.ready.controlSocket);
    assert.equal(await world.end('SIGTERM'), 0, world.stderr());
  }
  await others?.end('SIGTERM');
});

test('in memory nothing is kept, and the temporary folder is removed afterwards', async () => {
  let folder;
  {
    await using world = await startPostern(['--memory']);
    folder = world.ready.dataDir;
    assert.equal((await world.client.vault('demo', 'GET', '/secrets/greeting', seen())).status, 200);
    assert.equal(await world.end('SIGTERM'), 0, world.stderr());
  }
  assert.equal(statSync(folder, { throwIfNoEntry: false }), undefined);
});

/** The parts of the ready line that are the same at every start. */
function identityOf({ tenantId, subscriptionId, clientId, clientSecret, objectId, caFile }: ReadyLine) {
  return { tenantId, subscriptionId, clientId, clientSecret, objectId, caFile };
}

/** From the address that the demo vault lets in. */
function seen(body?: unknown) {
  return { from: '127.0.0.7', ...(body !== undefined && { body }) };
}
