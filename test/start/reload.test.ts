import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { notRun } from '../not-run.ts';
import { dataFolder, startCommand, startPostern, until } from '../world/process.ts';
import { hangUp, load } from './hang-up.ts';
import { beginPut } from './unfinished-put.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
const from = '127.0.0.7';

/** A configuration file that only its owner may read, and a way to replace it. */
function configIn(folder: string, first: object) {
  const path = join(folder, 'postern.json');
  const write = (text: string) => writeFileSync(path, text, { mode: 0o600 });
  write(JSON.stringify(first));
  return { path, write: (config: object) => write(JSON.stringify(config)), break: () => write('{ "clients": [') };
}

test('SIGHUP under load: no request fails, the worker is replaced, and the configuration is read again', async () => {
  using data = dataFolder();
  using conf = dataFolder();
  const config = configIn(conf.path, {});
  await using world = await startPostern(['--data', data.path, '--config', config.path]);
  const first = world.workerPid();
  await world.client.token('vault');
  const added = { clientId: randomUUID(), clientSecret: 'a secret of the client that is added' };
  await assert.rejects(world.client.token('vault', added), /no token: 40/);
  const gateway = { listen: '127.0.0.1:0', clientCa: 'ca.pem' };
  const clients = [{ clientId: added.clientId, secret: added.clientSecret }];
  config.write({ clients, gateways: { tls: gateway }, logLevel: 'debug', domain: 'other.example' });
  assert.doesNotMatch(world.stderr(), /"msg":"request"/);

  const running = load(world);
  await sleep(500);
  const put = await beginPut(world, 'in-flight', new Agent({ keepAlive: true }));
  const moved = join(data.path, 'audit/moved.jsonl');
  renameSync(join(data.path, 'audit/audit.jsonl'), moved);
  const hungUp = hangUp(world);
  await until(() => world.stderr().includes('a new worker takes over'), 'the request to end');
  await sleep(500);
  assert.equal((await put.finish()).statusCode, 200);
  await hungUp;
  await sleep(500);
  await hangUp(world);
  const { requests, failures } = await running.stop();
  assert.deepEqual(failures, []);
  assert.ok(requests > 20, String(requests));

  assert.notEqual(world.workerPid(), first);
  const { body } = await world.client.vault('demo', 'GET', '/secrets/in-flight', { from });
  assert.equal(body['value'], 'kept');
  assert.ok(existsSync(join(data.path, 'audit/audit.jsonl')));
  for (const name of ['gateways', 'domain'])
    assert.ok(world.stderr().includes(`SIGHUP: ${name} was changed; that takes effect at the next restart.`), name);
  assert.match(
    world.stderr(),
    /"method":"GET","host":"demo\.vault\.localhost:\d+","path":"\/secrets\/of-1","status":200/,
  );
  assert.ok(!world.stderr().includes('died'), world.stderr());
  const seen = JSON.parse(readFileSync(join(data.path, 'connection.json'), 'utf8')) as { readonly home: string };
  assert.equal(seen.home, world.ready.home);
  assert.notEqual(await world.client.token(`https://vault.azure.net`, added), '');
});

test('a configuration that cannot be used leaves the earlier one in force', async () => {
  using data = dataFolder();
  using conf = dataFolder();
  const config = configIn(conf.path, {});
  await using world = await startPostern(['--data', data.path, '--config', config.path]);
  const status = async () => (await world.client.vault('demo', 'GET', '/secrets/greeting', { from })).status;
  config.break();
  await hangUp(world);
  assert.match(
    world.stderr(),
    /SIGHUP: .*postern\.json: the file is not valid JSON.* The current settings stay in force\./,
  );
  assert.equal(await status(), 200);

  const certificate = join(conf.path, 'client.pem');
  writeFileSync(certificate, 'no certificate');
  config.write({ clients: [{ clientId: randomUUID(), certificate }] });
  await hangUp(world);
  assert.match(world.stderr(), /postern: .*; the settings from before SIGHUP are in force again/);
  assert.equal(await status(), 200);
  assert.equal(await world.end('SIGTERM'), 0);
});

test('a configuration that the worker could change is not read again, and a missing one is named', async () => {
  using data = dataFolder();
  using conf = dataFolder();
  const place = join(conf.path, 'from');
  mkdirSync(place);
  const config = configIn(place, {});
  // A relative path, in a folder that is removed later.
  const command = `cd ${place} && exec ${postern} start --config postern.json "$@"`;
  await using world = await startCommand(['sh', '-c', command, 'sh', '--data', data.path]);
  const added = { clientId: randomUUID(), clientSecret: 'a secret of the client that is added' };
  const refused = async () => {
    await hangUp(world);
    await assert.rejects(world.client.token('vault', added), /no token: 40/);
  };
  config.write({ clients: [{ clientId: added.clientId, secret: added.clientSecret }] });
  if (process.geteuid?.() === 0) {
    const { uid, gid } = statSync(data.path);
    chownSync(config.path, uid, gid);
    await refused();
    assert.match(
      world.stderr(),
      /SIGHUP: The worker \(uid \d+\) can change \S+postern\.json, which root trusts: .* The current settings stay/,
    );
    chownSync(config.path, 0, 0);
    chmodSync(config.path, 0o646);
    await refused();
    assert.equal(world.stderr().split('which root trusts').length, 3);
  } else {
    notRun('a changed configuration that the worker may change', 'needs root');
  }
  rmSync(place, { recursive: true });
  await refused();
  assert.match(world.stderr(), /SIGHUP: --config: the file cannot be read: ENOENT.* The current settings stay/);
  assert.equal(await world.end('SIGTERM'), 0);
});

test('at a terminal, the worker can write its log there, but cannot read what is typed', async (t) => {
  using data = dataFolder();
  const command = `exec ${postern} start --port 0 --data ${data.path}`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => terminal.kill('SIGKILL'));
  let shown = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const worker = () => /"pid":(\d+).*"msg":"ready"/.exec(shown)?.[1];
  await until(() => worker() !== undefined, 'the start');
  const descriptors = `/proc/${worker()}/fd`;
  const isTerminal = (name: string) => /^\/dev\/(?:pts\/|tty)/.test(readlinkSync(join(descriptors, name)));
  const open = readdirSync(descriptors).filter(isTerminal);
  assert.ok(open.includes('2'), open.join(' '));
  for (const name of open) {
    // The last octal digit is the access mode (proc_pid_fdinfo(5)): O_WRONLY.
    assert.match(readFileSync(`/proc/${worker()}/fdinfo/${name}`, 'utf8'), /^flags:\s+[0-7]*1$/m, name);
  }
  const ended = once(terminal, 'exit');
  // Ctrl-C, as typed.
  terminal.stdin.write('\x03');
  await ended;
  assert.match(shown, /"msg":"stopped"/);
});

test('when the terminal is closed, SIGHUP ends the server', async () => {
  using data = dataFolder();
  const command = `exec ${postern} start --json --port 0 --data ${data.path} 2>${data.path}.log`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(terminal.stdout, 'data');
  await until(() => readFileSync(`${data.path}.log`, 'utf8').includes('"msg":"ready"'), 'the start');
  terminal.kill('SIGKILL');
  await until(() => readFileSync(`${data.path}.log`, 'utf8').includes('"msg":"stopped"'), 'the stop');
});
