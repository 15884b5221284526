import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { OperatorTls } from '../../src/supervisor/operator-tls.ts';
import { notRun } from '../not-run.ts';
import { signed } from '../settings/operator-pair.ts';
import { newFolder, startSupervisor } from './supervised.ts';

const names = ['localhost', '*.vault.localhost'];
const own = await signed({ subject: 'localhost', dnsNames: names });
const other = await signed({ subject: 'localhost', dnsNames: names });
const worker = { uid: 61_043, gid: 61_043 };

function openAt(certificate: string, key: string, user?: typeof worker) {
  const settings = { domain: 'localhost', tls: [{ certificate, key }] };
  return OperatorTls.open({ tls, settings, worker: user, nowMs: Date.now });
}

function messageOf(opened: ReturnType<typeof openAt>): string {
  assert.ok(!opened.ok, 'the files were accepted');
  return opened.message;
}

test('a start is refused for a pair that no client could use, and an expired one is used with a notice', async (t) => {
  const folder = await newFolder(t);
  const [config, certificate, key] = ['postern.json', 'a.pem', 'b.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(config, JSON.stringify({ tls: [{ certificate: 'a.pem', key: 'b.pem' }] }));
  writeFileSync(certificate, own.certificate);
  writeFileSync(key, other.key);
  const argv = ['--memory', '--config', config];
  const refused = startSupervisor(t, { argv });
  assert.equal(await refused.exit(), 1);
  assert.equal(
    refused.complaints,
    `postern: tls[0]: ${key} is not the key of ${certificate}: the certificate is for another key.\n`,
  );
  const late = await signed({ subject: 'localhost', dnsNames: names, days: [-9, -1] });
  writeFileSync(certificate, late.certificate);
  writeFileSync(key, late.key);
  const started = startSupervisor(t, { argv });
  await started.ready();
  assert.match(started.complaints, /^postern: \S+a\.pem EXPIRED on .*: clients refuse it\. Replace the file\.$/m);
});

test('only a small regular file is read, and root reads none whose path the worker controls', async (t) => {
  const folder = await newFolder(t);
  const at = (name: string) => join(folder, name);
  writeFileSync(at('a.pem'), own.certificate);
  writeFileSync(at('b.pem'), own.key);
  writeFileSync(at('large.pem'), Buffer.alloc(256 * 1024 + 1, 0x20));
  assert.equal(spawnSync('mkfifo', [at('pipe')]).status, 0);
  assert.ok(openAt(at('a.pem'), at('b.pem')).ok);
  assert.match(messageOf(openAt(at('a.pem'), at('pipe'))), /^tls\[0\]: \S+pipe is not a regular file\.$/);
  assert.match(messageOf(openAt(at('a.pem'), folder)), / is not a regular file\.$/);
  assert.match(
    messageOf(openAt(at('large.pem'), at('b.pem'))),
    /large\.pem has 262145 bytes; a certificate or key has at most 262144\.$/,
  );
  assert.match(messageOf(openAt(at('none.pem'), at('b.pem'))), /none\.pem cannot be read: ENOENT/);
  if (process.geteuid?.() !== 0) {
    notRun('a certificate whose path the worker controls', 'needs root');
    return;
  }
  chmodSync(folder, 0o755);
  assert.ok(openAt(at('a.pem'), at('b.pem'), worker).ok);
  mkdirSync(at('of-worker'));
  symlinkSync(at('b.pem'), at('of-worker/b.pem'));
  chownSync(at('of-worker'), worker.uid, worker.gid);
  assert.match(
    messageOf(openAt(at('a.pem'), at('of-worker/b.pem'), worker)),
    /^tls\[0\]: The worker \(uid 61043\) controls the path \S+of-worker\/b\.pem, so root does not read it/,
  );
});

test('a replaced pair is found once; one that cannot be used is said once, and leaves the one before in force', async (t) => {
  const folder = await newFolder(t);
  const [certificate, key] = [join(folder, 'a.pem'), join(folder, 'b.pem')];
  const write = (one: string, two: string) => {
    writeFileSync(certificate, one);
    writeFileSync(key, two);
  };
  write(own.certificate, own.key);
  const opened = openAt(certificate, key);
  assert.ok(opened.ok);
  const shown = () => opened.tls.pairs.map((pair) => pair.certificate);
  const still = { isChanged: false, notices: [] };
  assert.deepEqual(opened.tls.look(), still);
  write(other.certificate, own.key);
  assert.deepEqual(opened.tls.look(), still);
  const { isChanged, notices } = opened.tls.look();
  assert.deepEqual([isChanged, notices.length], [false, 1]);
  assert.match(notices.join('\n'), /is not the key of \S+a\.pem: .* The certificate from before stays in use\.$/);
  assert.deepEqual(opened.tls.look(), still);
  assert.deepEqual(shown(), [own.certificate]);
  write(other.certificate, other.key);
  const replaced = { isChanged: true, notices: [`${certificate} was replaced: new connections get it.`] };
  assert.deepEqual(opened.tls.look(), replaced);
  assert.deepEqual(opened.tls.look(), still);
  assert.deepEqual(shown(), [other.certificate]);
  // Another fault at each look is a file that is being written.
  for (const half of ['', other.key.slice(0, 40), other.key.slice(0, 80)]) {
    write(other.certificate, half);
    assert.deepEqual(opened.tls.look(), still);
  }
  write(other.certificate, other.key);
  assert.deepEqual(opened.tls.look(), still);
  assert.deepEqual(shown(), [other.certificate]);
});
