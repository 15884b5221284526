/**
 * The second half of `npm run container`, in a mount and a network namespace of its own, which is the engine's host: runs
 * `examples/container/compose.yaml` as it is, and looks at what its containers, this host and another one get.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { startPostern } from '../examples/testcontainers/postern-container.ts';
import type { Startable } from '../examples/testcontainers/postern-container.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const [, , folder = ''] = process.argv;
const project = join(folder, 'compose');
const server = 'postern_postern_1';
/** Another host, with a public address (RFC 5737), whose packets are routed to the engine's. */
const visitor = { namespace: `postern-visitor-${process.pid}`, address: '198.51.100.77' };

/** The image and the network must show these, in this order: the last ends the server. */
const looks: readonly (readonly [what: string, look: () => void | Promise<void>])[] = [
  ['the vault lets one of two programs in, and sees the other as 203.0.113.9', seesPrograms],
  ['so it does with the official client of Azure', seesOfficialClient],
  ['this host comes by the mapped port, and is seen as the gateway of the network', seesHost],
  ['another host comes by a mapped port with its own address, and is challenged for that port', seesAnotherHost],
  ['the server has no root, no capability, and a root file system that it cannot write', hasNoRights],
  ['commands in the container find the server', findsServer],
  ['a test gets a container of its own at a free port, and its vaults by their names', isContainerOfTest],
  ['the image has a numeric user, and no shell, no npm and no sources', hasLittle],
  ['it is healthy without a shell, and unhealthy when its health listener does not answer', isChecked],
  ['SIGTERM ends it at once, as process 1', endsAtOnce],
];

/** On a machine with both versions of control groups crun refuses; here the second is alone, and not used. */
shell('mount -t cgroup2 none /sys/fs/cgroup && ip link set lo up');
cpSync(join(root, 'examples/container'), project, { recursive: true });
try {
  await up();
  for (const [what, look] of looks) {
    await look();
    console.log(`✔ ${what}`);
  }
} finally {
  spawnSync('podman', ['rm', '--all', '--force', '--time', '2'], { stdio: 'ignore' });
  spawnSync('ip', ['netns', 'delete', visitor.namespace], { stdio: 'ignore' });
}

/** Podman lets systemd ask for the health; here this loop does. */
async function up(): Promise<void> {
  const timer = setInterval(() => {
    spawnSync('podman', ['healthcheck', 'run', server], { stdio: 'ignore', timeout: 10_000 });
  }, 500);
  const argv = ['--in-pod', 'false', 'up', '--no-build', '--detach'];
  const composed = spawn('podman-compose', argv, { cwd: project, stdio: 'inherit', timeout: 180_000 });
  await once(composed, 'exit');
  clearInterval(timer);
  assert.equal(composed.exitCode, 0, 'podman-compose up');
}

function seesPrograms(): void {
  podman('wait', 'postern_let-in_1', 'postern_locked-out_1');
  // podman-compose starts a program when it makes it, and once more when what it depends on is ready: the last run counts.
  const said = (name: string) => podman('logs', name).split(/\r?\n/);
  assert.equal(said('postern_let-in_1').at(-1), 'hello from behind the boundary');
  const lines = said('postern_locked-out_1');
  const [refusal, address] = lines.slice(lines.findLastIndex((line) => line.startsWith('403 ')));
  assert.equal(
    refusal,
    '403 ForbiddenByFirewall: Client address is not authorized and caller is not a trusted service.',
  );
  assert.equal(address, 'Client address: 203.0.113.9');
}

function seesOfficialClient(): void {
  const compose: unknown = parse(readFileSync(join(project, 'compose.yaml'), 'utf8'), { merge: true });
  const environment = memberOf(compose, 'services', 'let-in', 'environment');
  assert.ok(typeof environment === 'object' && environment !== null);
  const variables = Object.entries({ ...environment, KEYVAULT_URL: memberOf(environment, 'VAULT_URL') });
  const program = (address: string) => {
    const first = `run --rm --network postern_inside --ip ${address} --read-only --entrypoint node`;
    const named = variables.flatMap(([name, value]) => ['--env', `${name}=${String(value)}`]);
    const volumes = [
      `${root}node_modules:/app/node_modules:ro`,
      `${root}examples/javascript/app.mjs:/app/app.mjs:ro`,
      'postern_trust:/trust:ro',
    ].flatMap((volume) => ['--volume', volume]);
    return podman(...first.split(' '), ...named, ...volumes, 'localhost/postern', '/app/app.mjs');
  };
  assert.equal(program('172.30.113.7'), 'hello from behind the boundary');
  assert.match(program('172.30.113.10'), /^Client address is not authorized[^]*\nClient address: 203\.0\.113\.10\r?\n/);
}

function seesHost(): void {
  const mapped = { at: '127.0.0.1', host: 'app.vault.postern.test:18443', path: '/healthstatus' };
  const seen = asked(mapped);
  assert.match(seen, /^HTTP\/1\.1 200 OK/);
  assert.match(seen, /^x-ms-keyvault-network-info: conn_type=Ipv4;addr=203\.0\.113\.1;/m);
  assert.match(asked({ ...mapped, named: 'app.vault.postern.test:1' }), /^HTTP\/1\.1 200 OK/);
  assert.match(asked({ ...mapped, named: 'app.vault.postern.tests:18443' }), /^HTTP\/1\.1 421/);
}

async function seesAnotherHost(): Promise<void> {
  const engine = 'run --detach --name mapped --publish 28443:8443 --read-only localhost/postern';
  podman(...`${engine} --nat bridge --public-port 28443`.split(' '));
  shell(
    `ip netns add ${visitor.namespace} && ip link add v0 type veth peer name v1 netns ${visitor.namespace} && ` +
      `ip addr add 198.51.100.1/24 dev v0 && ip link set v0 up && ip -n ${visitor.namespace} addr add ${visitor.address}/24 dev v1 && ` +
      `ip -n ${visitor.namespace} link set v1 up`,
  );
  await until(() => healthOf('mapped') === 0, 'the second server');
  const ask = (host: string, path: string, named = host) =>
    asked({ at: '198.51.100.1', of: 'mapped', host, path, named, namespace: visitor.namespace });
  const seen = ask('open.vault.localhost:28443', '/secrets/greeting?api-version=7.4');
  assert.match(seen, /^HTTP\/1\.1 401/);
  assert.match(seen, new RegExp(`^x-ms-keyvault-network-info: conn_type=Ipv4;addr=${visitor.address};`, 'm'));
  assert.match(
    seen,
    /^www-authenticate: .*authorization="https:\/\/localhost:28443\/.*resource="https:\/\/vault\.localhost:28443"/m,
  );
  // The setting is one port, so that the listeners' own is not among the names.
  assert.match(ask('open.vault.localhost:28443', '/healthstatus', 'open.vault.localhost:8443'), /^HTTP\/1\.1 421/);
}

function hasNoRights(): void {
  const look = `const fs = require('node:fs');
    let failed = 'none';
    try { fs.writeFileSync('/opt/x', ''); } catch (error) { failed = error.code; }
    const of = (name) => new RegExp('^' + name + ':\\\\s+(\\\\S+)', 'm').exec(fs.readFileSync('/proc/1/status', 'utf8'))[1];
    console.log([of('Uid'), of('Gid'), of('CapEff'), of('CapBnd'), of('NoNewPrivs'), failed].join(' '));`;
  const none = '0'.repeat(16);
  assert.equal(podman('exec', server, 'node', '-e', look), `61043 61043 ${none} ${none} 1 EROFS`);
}

function findsServer(): void {
  const explained = podman('exec', server, 'postern', 'explain', '--vault', 'app', '--from', '203.0.113.7');
  assert.match(explained, /^Allowed/);
  const environment = podman('exec', server, 'postern', 'env', '--dotenv');
  assert.match(environment, /^IDENTITY_ENDPOINT="https:\/\/postern\.test:8443\/msi\/token"$/m);
}

/** The example for Testcontainers, with Podman in place of that package. */
async function isContainerOfTest(): Promise<void> {
  await using postern = await startPostern(ofPodman());
  const answer = await new Promise<IncomingMessage>((settle, fail) => {
    get(`${postern.vaultUrl('open')}/secrets?api-version=7.4`, { agent: postern.agent }, settle).once('error', fail);
  });
  answer.resume();
  assert.equal(answer.statusCode, 401);
  assert.ok(answer.headers['www-authenticate']?.includes(`"${postern.home}/${postern.tenantId}"`));
  assert.match(postern.ca, /^-----BEGIN CERTIFICATE-----/);
  postern.agent.destroy();
}

function ofPodman(): Startable {
  const name = 'of-test';
  return {
    withExposedPorts: ofPodman,
    async start() {
      podman('run', '--detach', '--name', name, '--publish', '127.0.0.1::8443', 'localhost/postern');
      await until(() => healthOf(name) === 0, 'the container of a test');
      return {
        getHost: () => 'localhost',
        getMappedPort: (port) => Number(podman('port', name, String(port)).split(':').at(-1)),
        exec: async (command) => ({ output: podman('exec', name, ...command), exitCode: 0 }),
        stop: async () => podman('rm', '--force', '--time', '5', name),
      };
    },
  };
}

function hasLittle(): void {
  const image = podman('image', 'inspect', 'localhost/postern', '--format', '{{.User}} {{json .Config.Entrypoint}}');
  assert.equal(
    image,
    '61043:61043 ["node","/opt/postern/bin/main.mjs","start","--config","/etc/postern/postern.json"]',
  );
  const found = podman('exec', server, 'node', '-p', "require('node:fs').readdirSync('/opt/postern').join(' ')");
  for (const name of ['node_modules', 'src', 'tools']) assert.ok(!found.split(' ').includes(name), found);
  const programs =
    "require('node:fs').readdirSync('/usr/bin').concat(require('node:fs').readdirSync('/usr/local/bin')).join(' ')";
  assert.equal(podman('exec', server, 'node', '-p', programs), 'env node postern');
  const [own = 0, base = 0] = ['localhost/postern', 'localhost/postern-final'].map((name) =>
    Number(podman('image', 'inspect', name, '--format', '{{.Size}}')),
  );
  console.log(`  ${((own - base) / 1e6).toFixed(1)} MB above its base of ${(base / 1e6).toFixed(0)} MB`);
  assert.ok(own - base < 20_000_000);
}

async function isChecked(): Promise<void> {
  assert.equal(healthOf(server), 0);
  // Stopped, it holds its listener and answers nothing.
  podman('kill', '--signal', 'SIGSTOP', 'mapped');
  podman('exec', 'mapped', 'node', '-e', workers('SIGSTOP'));
  assert.notEqual(healthOf('mapped'), 0);
  podman('exec', 'mapped', 'node', '-e', workers('SIGCONT'));
  podman('kill', '--signal', 'SIGCONT', 'mapped');
  await until(() => healthOf('mapped') === 0, 'the server that goes on');
}

/** A program in Node that sends a signal to every process of the server but the first. */
function workers(signal: string): string {
  return `for (const pid of require('node:fs').readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).map(Number))
    if (pid !== 1 && pid !== process.pid) try { process.kill(pid, '${signal}'); } catch {}`;
}

function endsAtOnce(): void {
  for (const name of [server, 'mapped']) {
    podman('stop', '--time', '10', name);
    assert.equal(podman('inspect', name, '--format', '{{.State.ExitCode}}'), '0', name);
  }
  assert.match(podman('logs', server), /"msg":"stopped"/);
}

function healthOf(container: string): number | null {
  return spawnSync('podman', ['healthcheck', 'run', container], { stdio: 'ignore', timeout: 20_000 }).status;
}

interface Asked {
  /** The address that the name is to lead to. */
  readonly at: string;
  readonly host: string;
  readonly path: string;
  /** The Host header, if it is another. */
  readonly named?: string;
  readonly namespace?: string;
  /** The container whose authority is trusted. */
  readonly of?: string;
}

/** The head of an answer. */
function asked({ at, host, path, named = host, namespace, of = server }: Asked): string {
  const authority = join(folder, `${of}.pem`);
  podman('cp', '--overwrite', `${of}:/data/ca.pem`, authority);
  const into = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
  const curl = ['curl', '--silent', '--show-error', '--max-time', '10', '--head', '--request', 'GET'];
  const header = ['--cacert', authority, '--header', `Host: ${named}`];
  const argv = [...into, ...curl, ...header, '--resolve', `${host}:${at}`, `https://${host}${path}`];
  const { stdout, stderr } = spawnSync('env', argv, { encoding: 'utf8' });
  return `${stdout}${stderr}`;
}

async function until(check: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 120; tries += 1) {
    if (check()) return;
    await sleep(500);
  }
  throw new Error(`waited in vain: ${what}`);
}

/** The output on both streams. */
function podman(...argv: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync('podman', argv, { encoding: 'utf8', timeout: 120_000 });
  assert.equal(status, 0, `podman ${argv.join(' ')}: ${stdout}${stderr}`);
  return `${stdout}${stderr}`.trim();
}

function shell(line: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
  assert.equal(status, 0, `${line}: ${stderr}`);
}

function memberOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, name) => (typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined),
    value,
  );
}
