import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  makeCertificateAuthority,
  makeServerCertificate,
  namesUnder,
} from '../../src/crypto/certificates/server-certificates.ts';
import type { CertifiedKey } from '../../src/crypto/certificates/server-certificates.ts';
import { hasOpenssl, openssl } from '../crypto/certificates/openssl.ts';
import { notRun } from '../not-run.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
const main = join(import.meta.dirname, '../../bin/main.mjs');
const isRoot = process.geteuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), 'postern-trust-'));
const home = join(folder, 'home');
const chromium = join(home, '.pki/nssdb');
const firefox = join(home, '.mozilla/firefox/abc.default');
const snap = join(home, 'snap/firefox/common/.mozilla/firefox/xyz.default');
const hasCertutil = spawnSync('certutil', ['-H']).error === undefined;
function certutil(store: string, ...parameters: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('certutil', [...parameters, '-d', `sql:${store}`], {
    encoding: 'utf8',
    input: '',
  });
  return { status, stdout, stderr };
}

function makeStore(store: string, ...password: readonly string[]): void {
  mkdirSync(store, { recursive: true });
  assert.equal(certutil(store, '-N', ...(password.length === 0 ? ['--empty-password'] : password)).status, 0);
}

/** The nicknames of a store, in order. */
function nicknames(store: string): readonly string[] {
  const found = certutil(store, '-L').stdout.matchAll(/^(.+?) +[a-zA-Z]*,[a-zA-Z]*,[a-zA-Z]* *$/gm);
  return Array.from(found, ([, name = '']) => name).toSorted();
}

interface Server {
  readonly data: string;
  readonly tenantId: string;
}

/** The data folder of a server, as far as a command reads it. */
function serverWith(name: string, authorities: readonly Pick<CertifiedKey, 'certificate'>[]): Server {
  const data = join(folder, name);
  const tenantId = `${name}-tenant`;
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'ca.pem'), authorities.map(({ certificate }) => `${certificate}\n`).join(''));
  const strings = ['subscriptionId', 'clientId', 'clientSecret', 'controlSocket', 'hostsFile'];
  const connection = {
    ...Object.fromEntries(strings.map((member) => [member, member])),
    home: 'https://postern.test:8443',
    vaultSuffix: '.vault.postern.test:8443',
    tenantId,
    caFile: join(data, 'ca.pem'),
    fabricCaFile: join(data, 'fabric-ca.pem'),
    dataDir: data,
    address: '127.0.0.1',
    nat: [],
    identities: [],
  };
  writeFileSync(join(data, 'connection.json'), JSON.stringify(connection));
  return { data, tenantId };
}

function trust(action: string, { data }: Server, environment: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(postern, ['trust', action, '--data', data], {
    env: { ...process.env, HOME: home, ...environment },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** The name in a store of the authority of a server. */
function nickname({ tenantId }: Server, { certificate }: Pick<CertifiedKey, 'certificate'>): string {
  const { fingerprint256 } = new X509Certificate(certificate);
  return `Postern ${tenantId} ${fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()}`;
}

const line = (state: string, browser: string, store: string) => `${state.padEnd(12)} ${browser.padEnd(18)} ${store}`;

const made = () => makeCertificateAuthority(namesUnder('postern.test'), Date.now());
const [first, second, other] = [await made(), await made(), await made()];

after(() => rmSync(folder, { recursive: true, force: true }));

describe('"postern trust"', () => {
  if (!hasCertutil) {
    it('needs certutil', () => notRun('"postern trust"', 'needs the Debian package libnss3-tools'));
    return;
  }
  it('says how to make a store where there is none, and makes none', () => {
    const { status, stderr } = trust('install', serverWith('mine', [first]));
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^error: You have no store of a browser\.\nhint: .*certutil -N -d 'sql:.*nssdb' --empty-password\n$/,
    );
    assert.throws(() => readdirSync(home), { code: 'ENOENT' });
  });

  it('puts the authority into every store, once, and trusts it for servers alone', () => {
    for (const store of [chromium, firefox, snap]) makeStore(store);
    const mine = serverWith('mine', [first]);
    const stores = [
      ['Chromium', chromium],
      ['Firefox', firefox],
      ['Firefox (snap)', snap],
    ] as const;
    const all = (state: string) => stores.map(([browser, store]) => `${line(state, browser, store)}\n`).join('');
    assert.deepEqual(trust('status', mine), { status: 1, stdout: all('absent'), stderr: '' });
    for (const turn of ['first', 'again']) {
      const stdout = all('installed').replaceAll('\n', ': for postern.test and names below it\n');
      assert.deepEqual(trust('install', mine), { status: 0, stdout, stderr: '' }, turn);
      for (const [, store] of stores) assert.deepEqual(nicknames(store), [nickname(mine, first)]);
    }
    assert.deepEqual(trust('status', mine), { status: 0, stdout: all('installed'), stderr: '' });
    assert.match(certutil(chromium, '-L').stdout, new RegExp(`^${nickname(mine, first)} +C,, *$`, 'm'));
    assert.equal(certutil(chromium, '-V', '-n', nickname(mine, first), '-u', 'L').status, 0);
  });

  it('makes NSS accept certificates of the domain, and of no other', async () => {
    const rows = [
      ['postern.test', 0],
      ['example.org', 255],
    ] as const;
    for (const [domain, status] of rows) {
      const copy = join(folder, `verify-${domain}`);
      makeStore(copy);
      const files = [
        [first, 'C,,', 'authority'],
        [await makeServerCertificate(first, namesUnder(domain), Date.now()), ',,', 'server'],
      ] as const;
      for (const [{ certificate }, flags, name] of files) {
        writeFileSync(join(folder, `${name}.pem`), `${certificate}\n`);
        certutil(copy, '-A', '-n', name, '-t', flags, '-i', join(folder, `${name}.pem`));
      }
      const verified = certutil(copy, '-V', '-n', 'server', '-u', 'V');
      assert.equal(verified.status, status, verified.stdout + verified.stderr);
    }
  });

  it('leaves what is not of this server: other authorities, and other servers of the same name', () => {
    writeFileSync(join(folder, 'other.pem'), `${other.certificate}\n`);
    certutil(chromium, '-A', '-n', 'My company', '-t', 'CT,C,C', '-i', join(folder, 'other.pem'));
    const mine = serverWith('mine', [first]);
    const neighbour = serverWith('neighbour', [second]);
    assert.equal(trust('install', neighbour).status, 0);
    const present = ['My company', nickname(mine, first), nickname(neighbour, second)];
    assert.deepEqual(nicknames(chromium), present);
    const { status, stdout } = trust('remove', mine);
    assert.equal(status, 0);
    assert.ok(stdout.startsWith(line('removed', 'Chromium', chromium)), stdout);
    assert.deepEqual(nicknames(chromium), ['My company', nickname(neighbour, second)]);
    assert.match(certutil(chromium, '-L').stdout, /^My company +CT,C,C *$/m);
    assert.ok(trust('remove', mine).stdout.startsWith(line('absent', 'Chromium', chromium)));
    assert.equal(trust('remove', neighbour).status, 0);
    assert.deepEqual(nicknames(firefox), []);
  });

  it('follows an authority to its successor', () => {
    const mine = serverWith('mine', [first]);
    assert.equal(trust('install', mine).status, 0);
    const both = serverWith('mine', [first, second]);
    assert.match(trust('status', both).stdout, /^out of date +Chromium .*: it lacks a certificate of this server\n/);
    assert.equal(trust('install', both).status, 0);
    assert.deepEqual(nicknames(firefox), [nickname(both, first), nickname(both, second)].toSorted());
    const later = serverWith('mine', [second]);
    const { status, stdout } = trust('status', later);
    assert.equal(status, 1);
    assert.match(stdout, /^out of date +Chromium .*: it has another certificate of this server\n/);
    assert.equal(trust('install', later).status, 0);
    assert.deepEqual(nicknames(firefox), [nickname(later, second)]);
    assert.equal(trust('remove', later).status, 0);
  });

  it('trusts again what the user had stopped to trust', () => {
    const mine = serverWith('mine', [first]);
    trust('install', mine);
    certutil(firefox, '-M', '-n', nickname(mine, first), '-t', ',,');
    assert.match(
      trust('status', mine).stdout,
      /^out of date +Firefox .*: it does not trust the certificate for servers$/m,
    );
    assert.equal(trust('install', mine).status, 0);
    assert.equal(trust('status', mine).status, 0);
    trust('remove', mine);
  });

  it('keeps the name that a user gave the certificate', () => {
    const mine = serverWith('mine', [first]);
    certutil(firefox, '-A', '-n', 'by hand', '-t', 'C,,', '-i', join(mine.data, 'ca.pem'));
    assert.match(
      trust('install', mine).stdout,
      /^installed +Firefox .*: for postern\.test and names below it, under the name that you gave it before$/m,
    );
    trust('remove', mine);
    assert.deepEqual(nicknames(firefox), ['by hand']);
    certutil(firefox, '-D', '-n', 'by hand');
  });

  it('does not ask for the password of a store, changes nothing in it and says what to run', () => {
    const locked = join(home, '.mozilla/firefox/locked.default');
    writeFileSync(join(folder, 'password'), 'correct-horse-1\n');
    makeStore(locked, '-f', join(folder, 'password'));
    const mine = serverWith('mine', [first]);
    const { status, stdout } = trust('install', mine);
    assert.equal(status, 1);
    const byHand = `certutil -A -d 'sql:${locked}' -n '${nickname(mine, first)}' -t C,, -i '${join(mine.data, 'ca.pem')}'`;
    assert.ok(
      stdout.includes(`${line('absent', 'Firefox', locked)}: it has a password: run ${byHand}, which asks for it\n`),
      stdout,
    );
    assert.deepEqual(nicknames(locked), []);
    assert.ok(nicknames(firefox).includes(nickname(mine, first)));
    assert.equal(spawnSync('sh', ['-c', `${byHand} -f ${join(folder, 'password')}`]).status, 0);
    assert.equal(trust('status', mine).status, 0);
    rmSync(locked, { recursive: true });
    trust('remove', mine);
  });

  it('is refused for an authority that could certify more, with the reason', () => {
    if (!hasOpenssl) {
      notRun('an authority without name constraints', 'needs the Debian package openssl');
      return;
    }
    const selfSigned = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      '/dev/null',
      '-days',
      '2',
      '-subj',
      '/CN=x',
    ];
    const withConstraints = (constraints: readonly string[]) => {
      const added = constraints.flatMap((each) => ['-addext', `nameConstraints=critical,${each}`]);
      return {
        certificate: openssl([...selfSigned, ...added])
          .toString()
          .trim(),
      };
    };
    const rows = [
      [[], /it has no name constraints, so it could certify any name\.\n/],
      [['permitted;DNS:postern.test'], /it may certify IPv4 addresses\.\n/],
      [['permitted;DNS:test'], /it may certify "test", which is not postern\.test or below it\.\n/],
    ] as const;
    for (const [constraints, reason] of rows) {
      const server = serverWith('wide', [first, withConstraints(constraints)]);
      const { status, stdout, stderr } = trust('install', server);
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, reason);
      assert.deepEqual(nicknames(chromium), ['My company']);
    }
  });

  it("started by root changes a user's store as that user", () => {
    if (!isRoot) {
      notRun('"postern trust" of root for a user', 'needs root');
      return;
    }
    const uid = 61_046;
    for (const path of [folder, home, join(home, '.pki')]) chmodSync(path, 0o755);
    for (const path of [chromium, ...readdirSync(chromium).map((name) => join(chromium, name))])
      chownSync(path, uid, uid);
    const mine = serverWith('mine', [first]);
    assert.equal(trust('install', mine).status, 0);
    assert.deepEqual(
      readdirSync(chromium).map((name) => statSync(join(chromium, name)).uid),
      [uid, uid, uid],
    );
    assert.ok(nicknames(chromium).includes(nickname(mine, first)));
  });
});

describe('without certutil', () => {
  it('"postern trust" says which package has it', () => {
    const bare = join(folder, 'bare');
    mkdirSync(join(bare, '.pki/nssdb'), { recursive: true });
    writeFileSync(join(bare, '.pki/nssdb/cert9.db'), '');
    const { data } = serverWith('mine', [first]);
    const { status, stderr } = spawnSync(process.execPath, [main, 'trust', 'status', '--data', data], {
      env: { HOME: bare, PATH: '/nowhere' },
      encoding: 'utf8',
    });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^error: certutil, .* is not installed\.\nhint: Debian and Ubuntu: sudo apt-get install libnss3-tools\./,
    );
  });
});
