/** Root runs a program with the data folder of a worker, which may have been taken over. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { notRun } from '../not-run.ts';
import { readConnection } from '../../src/cli/connection.ts';
import { askSupervisor } from '../../src/cli/control.ts';
import { readFabricServer } from '../../src/cli/net/fabric-server.ts';
import { areLimitedTo } from '../../src/cli/run/limited.ts';
import { makeCertificateAuthority, namesUnder } from '../../src/crypto/certificates/server-certificates.ts';
import { controlSocketIn, rootControlFolder, rootFolder } from '../../src/lines/control-place.ts';
import { serveLines } from '../../src/lines/serve.ts';

const isRoot = process.geteuid?.() === 0;
const postern = join(import.meta.dirname, '../../bin/postern');
const worker = 61_043;
const folder = mkdtempSync(join(tmpdir(), 'postern-foreign-'));
const at = (name: string) => join(folder, name);
let authority: string;
const honest = {
  home: 'https://localhost:8443',
  vaultSuffix: '.vault.localhost:8443',
  tenantId: 't',
  subscriptionId: 's',
  clientId: 'c',
  clientSecret: 'x',
  caFile: at('ca.pem'),
  fabricCaFile: at('fabric-ca.pem'),
  dataDir: folder,
  controlSocket: at('sock'),
  address: '127.0.0.1',
  hostsFile: at('hosts'),
  nat: [],
  identities: [{ name: 'developer', identityHeader: 'd' }],
};

before(async () => {
  authority = `${(await makeCertificateAuthority(namesUnder('localhost'), Date.now())).certificate}\n`;
  chmodSync(folder, 0o700);
});

after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, contents: string): void {
  rmSync(at(name), { force: true });
  writeFileSync(at(name), contents);
  if (isRoot) chownSync(at(name), worker, worker);
}

function connectionWith(connection: object): void {
  write('connection.json', JSON.stringify({ ...honest, ...connection }));
}

function call(...command: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(postern, command, { encoding: 'utf8', timeout: 20_000 });
  return { status, stdout, stderr };
}

const env = (...options: readonly string[]) => call('env', '--data', folder, ...options);

function asRoot(title: string, tests: () => void): void {
  if (isRoot) void describe(title, tests);
  else notRun(title, 'needs root, which gives a folder to another user');
}

asRoot('the folder of a worker, to root', () => {
  beforeEach(() => {
    chownSync(folder, worker, worker);
    write('ca.pem', authority);
    write('hosts', '127.0.0.1 localhost\n198.51.100.1 github.com\n198.51.100.1 open.vault.localhost\n');
    connectionWith({});
  });

  it('gives names of the server alone, at its address, in a copy', () => {
    const seen = call('run', '--data', folder, '--', 'cat', '/etc/hosts');
    assert.equal(seen.status, 0, seen.stderr);
    assert.doesNotMatch(seen.stdout, /github\.com|198\.51\.100\.1/);
    assert.match(seen.stdout, /\n127\.0\.0\.1 localhost\n127\.0\.0\.1 open\.vault\.localhost\n$/);
  });

  it('does not choose a domain that root puts into the stores of browsers', async () => {
    write('ca.pem', `${(await makeCertificateAuthority(namesUnder('postern.test'), Date.now())).certificate}\n`);
    connectionWith({ home: 'https://postern.test:8443', vaultSuffix: '.vault.postern.test:8443' });
    const { status, stdout, stderr } = call('trust', 'install', '--data', folder);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(
      stderr,
      /belongs to another user, uid 61043, and its authority is for postern\.test, not for localhost/,
    );
  });

  it('does not choose which files root reads and mounts', () => {
    write('secret', 'a secret of root\n');
    chownSync(at('secret'), 0, 0);
    connectionWith({ caFile: at('secret'), hostsFile: at('secret') });
    const script = 'cat /etc/hosts "$SSL_CERT_FILE" "$NODE_EXTRA_CA_CERTS"';
    assert.doesNotMatch(call('run', '--data', folder, '--', 'sh', '-c', script).stdout, /a secret of root/);
    for (const make of [symlinkSync, linkSync]) {
      for (const name of ['ca.pem', 'hosts', 'connection.json']) {
        write('ca.pem', authority);
        write('hosts', '');
        connectionWith({});
        rmSync(at(name));
        make(at('secret'), at(name));
        const { status, stdout, stderr } = env();
        assert.deepEqual([status, stdout], [1, ''], `${make.name} ${name}`);
        assert.match(stderr, /cannot be read: (?:ELOOP|it is not a plain file)/);
      }
    }
  });

  it('does not choose the server that root asks', async (t) => {
    const asked: string[] = [];
    const serve = async (path: string) => {
      const answer = async (line: string) => Promise.resolve({ ok: asked.push(`${path} ${line}`) > 0, listeners: [] });
      const server = await serveLines(path, { lineLengthMax: 1_000, answer });
      t.after(() => server.close());
    };
    const own = rootControlFolder(realpathSync(folder));
    mkdirSync(own, { recursive: true, mode: 0o700 });
    const other = mkdtempSync(join(rootFolder, 'other-'));
    for (const made of [own, other]) t.after(() => rmSync(made, { recursive: true, force: true }));
    await serve(controlSocketIn(own));
    await serve(controlSocketIn(other));
    connectionWith({ controlSocket: controlSocketIn(other), reader: { clientId: 'c', clientSecret: 'x' } });
    write('fabric-ca.pem', authority);
    assert.equal((await readFabricServer(folder)).controlSocket, controlSocketIn(own));
    const listed = await askSupervisor(readConnection(folder), { list: 'listeners' });
    assert.equal(listed.get('ok'), true);
    assert.deepEqual(asked, [`${controlSocketIn(own)} {"list":"listeners"}`]);
    // In a folder of root's own, what it says is believed.
    for (const name of ['', 'connection.json']) chownSync(at(name), 0, 0);
    assert.equal(readConnection(folder).controlSocket, controlSocketIn(other));
  });

  it('does not hold root up with a FIFO', () => {
    for (const name of ['ca.pem', 'hosts', 'connection.json']) {
      rmSync(at(name));
      assert.equal(spawnSync('mkfifo', [at(name)]).status, 0);
      chownSync(at(name), worker, worker);
      assert.match(env().stderr, /cannot be read: it is not a plain file/);
      write(name, readable(name));
    }
  });

  it('is refused with another domain, or an authority for more than localhost', async () => {
    connectionWith({ home: 'https://github.com', vaultSuffix: '.github.com' });
    assert.match(env().stderr, /belongs to another user, uid 61043, and its names are not below localhost\./);
    connectionWith({});
    write('ca.pem', authority + (await makeCertificateAuthority(namesUnder('com'), Date.now())).certificate);
    assert.match(env().stderr, /its authority is not limited to localhost\.\nhint: Run it as that user: setpriv/);
  });

  it('does not choose where root writes', () => {
    connectionWith({ tenantId: `../../../../..${at('written')}` });
    assert.match(env('--az').stderr, /it lacks tenantId, or what it has is malformed/);
    assert.equal(existsSync(at('written')), false);
  });

  function readable(name: string): string {
    return { 'ca.pem': authority, hosts: '' }[name] ?? JSON.stringify(honest);
  }
});

describe('a value of a connection', () => {
  it('is not taken for two lines', () => {
    if (isRoot) chownSync(folder, 0, 0);
    write('ca.pem', authority);
    if (isRoot) chownSync(at('ca.pem'), 0, 0);
    connectionWith({ identities: [{ name: 'developer', identityHeader: 'a\nLD_PRELOAD=b' }] });
    assert.match(env('--github').stderr, /it lacks identities, or what it has is malformed/);
  });

  it('is checked for the reader of the networks, which an older file does not have', () => {
    if (isRoot) chownSync(folder, 0, 0);
    write('ca.pem', authority);
    for (const reader of [
      { clientId: 'c' },
      { clientId: 'c/d', clientSecret: 'x' },
      { clientId: 'c', clientSecret: '\n' },
    ]) {
      connectionWith({ reader });
      assert.match(env('--github').stderr, /it lacks reader, or what it has is malformed/);
    }
    for (const reader of [undefined, { clientId: 'c', clientSecret: 'x' }]) {
      connectionWith({ reader });
      assert.equal(env('--github').stderr, '');
    }
  });

  it('is not expanded by a shell that sources --dotenv', () => {
    if (isRoot) chownSync(folder, 0, 0);
    write('ca.pem', authority);
    const header = '$(echo run)`echo run`"$HOME"\\';
    connectionWith({ identities: [{ name: 'developer', identityHeader: header }] });
    write('made.env', env('--dotenv').stdout);
    const sourced = spawnSync('sh', ['-c', '. "$0"; printf %s "$IDENTITY_HEADER"', at('made.env')], {
      encoding: 'utf8',
    });
    assert.equal(sourced.stdout, header);
  });
});

describe('an authority that is limited to a domain', () => {
  it('is one of ours for it, and nothing beside it', async () => {
    const other = (await makeCertificateAuthority(namesUnder('example.com'), Date.now())).certificate;
    const system = readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8');
    assert.equal(areLimitedTo('localhost', authority), true);
    assert.equal(areLimitedTo('localhost', authority + authority), true);
    assert.equal(areLimitedTo('example.com', other), true);
    for (const pem of [
      '',
      other,
      authority + other,
      `${authority}x`,
      authority.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'),
      system,
    ]) {
      assert.equal(areLimitedTo('localhost', pem), false);
    }
  });
});
