import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import {
  makeCertificateAuthority,
  makeServerCertificate,
  namesUnder,
} from '../../src/crypto/certificates/server-certificates.ts';
import { startCommand } from '../world/process.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
const main = join(import.meta.dirname, '../../bin/main.mjs');
const isRoot = process.geteuid?.() === 0;
/** Started by root or not, all of this is an ordinary user's. */
const uid = isRoot ? 61_047 : (process.geteuid?.() ?? 0);
const asUser = isRoot ? ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'] : [];
const folder = mkdtempSync(join(tmpdir(), 'postern-doctor-'));
const inFolder = (name: string) => join(folder, name);
const asked = 'postern-doctor.vault.localhost';

chmodSync(folder, 0o755);
if (isRoot) chownSync(folder, uid, uid);
writeFileSync(inFolder('nsswitch.conf'), 'hosts: files\n');
writeFileSync(inFolder('hosts'), `127.0.0.1 localhost ${asked}\n`);
writeFileSync(inFolder('hosts-without'), `127.0.0.1 localhost other.vault.localhost\n`);
after(() => rmSync(folder, { recursive: true, force: true }));

/** Takes something away from a place: lines of a shell that has all rights in namespaces of its own. */
const lacks = {
  userNamespaces: 'echo 0 > /proc/sys/user/max_user_namespaces',
  networkNamespaces: 'echo 0 > /proc/sys/user/max_net_namespaces',
  addresses: 'ip address del 127.0.0.1/8 dev lo; ip address add 127.0.0.1/32 dev lo; ip address del ::1/128 dev lo',
  loopback: 'ip link set lo down',
  names: `mount --bind ${inFolder('hosts-without')} /etc/hosts`,
} as const;
type Lack = keyof typeof lacks;
/** Names are those of a hosts file, whatever the resolver of this machine knows. */
const prepared = `ip link set lo up
  mount --bind ${inFolder('nsswitch.conf')} /etc/nsswitch.conf; mount --bind ${inFolder('hosts')} /etc/hosts`;
/** Runs what follows while it has a port. */
const withPort = [
  process.execPath,
  '-e',
  `const [command, ...rest] = process.argv.slice(1);
  net.createServer().listen(8443, '127.0.0.1', () => {
    process.exitCode = child_process.spawnSync(command, rest, { stdio: 'inherit' }).status;
    process.exit();
  });`,
];

interface Report {
  readonly ready: boolean;
  readonly checks: readonly {
    readonly name: string;
    readonly state: string;
    readonly found: string;
    readonly mend?: string;
  }[];
}

interface Place {
  readonly within?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly command?: readonly string[];
}

/** Runs the doctor in a network of its own, where something is missing. */
function examine(missing: readonly Lack[], { within = [], command = [postern], env = process.env }: Place = {}) {
  const script = [
    prepared,
    ...missing.map((each) => lacks[each]),
    'exec setpriv --inh-caps=-all --ambient-caps=-all "$@"',
  ];
  const namespaces = ['unshare', '--user', '--mount', '--net', '--map-current-user', '--keep-caps', 'sh', '-c'];
  const inside = [
    'env',
    '-i',
    ...variables(env),
    ...within,
    ...command,
    'doctor',
    '--json',
    '--data',
    inFolder('none'),
  ];
  const [name = '', ...rest] = [...asUser, ...namespaces, script.join('\n'), 'sh', ...inside];
  const { status, stdout, stderr } = spawnSync(name, rest, { encoding: 'utf8' });
  assert.equal(stderr, '');
  return reportIn(status, stdout);
}

function variables(env: NodeJS.ProcessEnv): readonly string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value ?? ''}`);
}

function reportIn(status: number | null, stdout: string) {
  const { ready, checks } = JSON.parse(stdout) as Report;
  assert.equal(ready, status === 0);
  const of = (name: string): readonly (string | undefined)[] => {
    const { state, found, mend } = checks.find((check) => check.name === name) ?? {};
    return mend === undefined ? [state, found] : [state, found, mend];
  };
  return { status, of, notOk: checks.filter(({ state }) => state !== 'ok').map(({ name }) => name) };
}

describe('"postern doctor" on a machine without a server', () => {
  it('finds nothing missing: there is only no server yet', () => {
    const { status, of } = examine([]);
    assert.equal(status, 0);
    assert.deepEqual(of('data folder'), [
      'note',
      `${inFolder('none')} has no connection.json yet`,
      `postern start --data ${inFolder('none')}`,
    ]);
    assert.deepEqual(of('port 8443'), ['ok', 'free']);
    assert.deepEqual(of('127.0.0.7'), ['ok', 'there']);
    assert.deepEqual(of('::1'), ['ok', 'there']);
    assert.deepEqual(of('names of vaults'), ['ok', `${asked} is 127.0.0.1`]);
    assert.deepEqual(of('user namespaces'), ['ok', 'allowed']);
    assert.deepEqual(of('private /etc/hosts'), ['ok', 'can be mounted']);
    assert.deepEqual(of('network namespaces'), ['ok', 'allowed']);
    assert.deepEqual(of('setpriv'), ['ok', 'installed']);
  });

  it('names the setting that forbids user namespaces, which only takes names where the resolver has none', () => {
    const forbidden = [
      'note',
      'forbidden by user.max_user_namespaces=0',
      'sudo sysctl -w user.max_user_namespaces=15000',
    ];
    const { status, of } = examine(['userNamespaces']);
    assert.equal(status, 0);
    for (const name of ['user namespaces', 'private /etc/hosts', 'network namespaces'])
      assert.deepEqual(of(name), forbidden);
    const both = examine(['userNamespaces', 'names']);
    assert.equal(both.status, 1);
    assert.deepEqual(both.of('names of vaults'), [
      'missing',
      `the system's resolver does not know ${asked}, and postern run cannot have them`,
      'sudo apt-get install libnss-myhostname',
    ]);
  });

  it('tells a resolver that does not know the names from one that knows others', () => {
    const { status, of } = examine(['names']);
    assert.equal(status, 0);
    assert.deepEqual(of('names of vaults').slice(0, 2), [
      'note',
      `the system's resolver does not know ${asked}, so only postern run has them`,
    ]);
  });

  it('names the setting that forbids network namespaces, and does not blame nftables for it', () => {
    const { of } = examine(['networkNamespaces']);
    assert.deepEqual(of('network namespaces').slice(0, 2), ['note', 'forbidden by user.max_net_namespaces=0']);
    assert.deepEqual(of('user namespaces'), ['ok', 'allowed']);
    assert.notEqual(of('nftables').at(-1), 'sudo modprobe nf_tables');
  });

  it('sees one address of loopback, and that there is none', () => {
    const { status, of } = examine(['addresses']);
    assert.equal(status, 0);
    assert.deepEqual(of('127.0.0.1'), ['ok', 'there']);
    assert.deepEqual(of('127.0.0.7').slice(0, 2), ['note', 'not an address of this machine']);
    assert.deepEqual(of('::1').slice(0, 2), ['note', 'not an address of this machine']);
    const none = examine(['loopback']);
    assert.equal(none.status, 1);
    assert.deepEqual(none.of('127.0.0.1'), ['missing', 'not an address of this machine', 'sudo ip link set lo up']);
  });

  it('names the process that has the port', () => {
    const { status, of } = examine([], { within: withPort });
    assert.equal(status, 1);
    const [state, found] = of('port 8443');
    assert.equal(state, 'missing');
    assert.match(found ?? '', /^node \(process \d+\) has it$/);
    assert.deepEqual(of('port 443').slice(0, 2), ['note', 'only root may listen on it']);
  });

  it('names the packages of programs that are missing', () => {
    const { of } = examine([], { command: [process.execPath, main], env: { PATH: '/nowhere' } });
    assert.deepEqual(of('setpriv'), ['note', 'not installed', 'sudo apt-get install util-linux']);
    assert.deepEqual(of('certutil'), ['note', 'not installed', 'sudo apt-get install libnss3-tools']);
    assert.deepEqual(of('user namespaces').slice(0, 2), ['note', 'not tried: there is no unshare']);
  });
});

describe('"postern doctor" beside a server', () => {
  const doctor = async (data: string) => {
    const child = spawn(postern, ['doctor', '--json', '--data', data], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [stdout] = await Promise.all([text(child.stdout), once(child, 'close')]);
    return reportIn(child.exitCode, stdout);
  };

  it('finds the server, and prints a line a check', async () => {
    const data = inFolder('data');
    await using server = await startCommand([...asUser, postern, 'start', '--data', data]);
    const { of } = await doctor(data);
    assert.deepEqual(of('data folder'), ['ok', data]);
    assert.deepEqual(of('server'), ['ok', `answers at ${server.ready.home}`]);
    assert.match(of('clock')[1] ?? '', /Z, as the server's$/);
    const { stdout } = spawnSync(postern, ['doctor', '--data', data], { encoding: 'utf8' });
    assert.match(stdout, /^(?:(?:ok {6}|note {4}|missing ) \S[^\n]{18} [^\n]+\n){19}$/);
    assert.match(stdout, new RegExp(`^ok {7}server {14}answers at ${server.ready.home} \\(answers requests\\)$`, 'm'));
  });

  it('sees that it stopped, and finds the machine well all the same', async () => {
    const data = inFolder('stopped');
    const server = await startCommand([...asUser, postern, 'start', '--data', data]);
    await server[Symbol.asyncDispose]();
    const { of } = await doctor(data);
    const found = `does not answer at ${server.ready.home} (ECONNREFUSED)`;
    assert.deepEqual(of('server'), ['note', found, `postern start --data ${data}`]);
    assert.match(of('clock')[1] ?? '', /with no server to compare it with$/);
  });

  it('compares the clock with that of the server, and knows a server that is another', async () => {
    const [own, other] = [
      await makeCertificateAuthority(namesUnder('localhost'), Date.now()),
      await makeCertificateAuthority(namesUnder('localhost'), Date.now()),
    ];
    const { key, certificate } = await makeServerCertificate(own, namesUnder('localhost'), Date.now());
    const server = createServer({ key, cert: certificate }, (_, response) => {
      response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString()).end('{}');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const late = await doctor(dataFolderOf('late', port, own.certificate));
    assert.equal(late.status, 1);
    assert.match(late.of('clock')[1] ?? '', /Z, 360\d s ahead of the server's$/);
    assert.equal(late.of('clock')[2], 'sudo timedatectl set-ntp true');
    const stranger = await doctor(dataFolderOf('stranger', port, other.certificate));
    assert.equal(stranger.status, 1);
    assert.equal(stranger.of('server')[0], 'missing');
    assert.match(stranger.of('server')[1] ?? '', /does not have this server's certificate/);
    server.close();
  });

  it("does not take another user's data folder for none", () => {
    const data = dataFolderOf('closed', 8443, '');
    if (isRoot) chownSync(data, uid, uid);
    chmodSync(data, 0);
    const [name, ...rest] = [...asUser, postern, 'doctor', '--json', '--data', data];
    const { status, stdout } = spawnSync(name, rest, { encoding: 'utf8' });
    chmodSync(data, 0o700);
    const { of } = reportIn(status, stdout);
    assert.equal(of('data folder')[0], 'missing');
    assert.match(of('data folder')[1] ?? '', /connection\.json cannot be read: EACCES/);
  });

  it('says that a damaged connection.json cannot be read', async () => {
    const data = dataFolderOf('damaged', 8443, '');
    writeFileSync(join(data, 'connection.json'), '{');
    const { status, of } = await doctor(data);
    assert.equal(status, 1);
    assert.deepEqual(of('data folder')[0], 'missing');
    assert.match(of('data folder')[1] ?? '', /connection\.json cannot be read/);
  });
});

/** A data folder as far as the doctor reads it. */
function dataFolderOf(name: string, port: number, certificate: string): string {
  const data = inFolder(name);
  mkdirSync(data);
  writeFileSync(join(data, 'ca.pem'), `${certificate}\n`);
  const others = ['tenantId', 'subscriptionId', 'clientId', 'clientSecret', 'dataDir', 'controlSocket'];
  const connection = {
    ...Object.fromEntries(others.map((member) => [member, member])),
    home: `https://localhost:${port}`,
    vaultSuffix: `.vault.localhost:${port}`,
    caFile: join(data, 'ca.pem'),
    fabricCaFile: join(data, 'fabric-ca.pem'),
    address: '127.0.0.1',
    hostsFile: '/etc/hosts',
    nat: [],
    identities: [],
  };
  writeFileSync(join(data, 'connection.json'), JSON.stringify(connection));
  return data;
}
