import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { generateSync } from '../../src/crypto/keys/generate.ts';
import { signed } from '../settings/operator-pair.ts';
import type { Signed } from '../settings/operator-pair.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
const run = promisify(execFile);
const names = ['localhost', '*.vault.localhost'];
const root = await signed({ subject: 'Root of the operator', isAuthority: true });
const intermediate = await signed({ subject: 'Intermediate', isAuthority: true }, root);

interface Pair {
  readonly chain: string;
  readonly key: string;
  readonly serial: string;
}

function pairOf({ certificate, key }: Signed): Pair {
  const { serialNumber: serial } = new X509Certificate(certificate);
  return { chain: certificate + intermediate.certificate, key, serial };
}

const pair = async () => pairOf(await signed({ subject: 'localhost', dnsNames: names }, intermediate));

/** A request to a vault without a token; the certificate's serial number is that of the connection's handshake. */
function ask({ ready }: RunningPostern, agent: Agent): Promise<{ readonly status: number; readonly serial: string }> {
  const { port } = new URL(ready.home);
  const servername = 'demo.vault.localhost';
  return new Promise((resolve, reject) => {
    const ca = readFileSync(ready.caFile);
    const headers = { host: `${servername}:${port}` };
    const path = '/secrets/greeting?api-version=7.4';
    request({ host: '127.0.0.1', port, servername, ca, headers, path, agent }, (answer) => {
      const serial = (answer.socket as TLSSocket).getPeerX509Certificate()?.serialNumber ?? '';
      answer.resume().once('end', () => resolve({ status: answer.statusCode ?? 0, serial }));
    })
      .once('error', reject)
      .end();
  });
}

/** Clients that connect again for each request, until they are stopped. */
function load(world: RunningPostern) {
  const stopped = new AbortController();
  const failures: string[] = [];
  const serials = new Set<string>();
  const clients = Array.from({ length: 3 }, async () => {
    while (!stopped.signal.aborted) {
      const agent = new Agent({ maxCachedSessions: 0 });
      const answer = await ask(world, agent).catch(String);
      if (typeof answer === 'string' || answer.status !== 401) failures.push(JSON.stringify(answer));
      else serials.add(answer.serial);
      agent.destroy();
    }
  });
  const stop = async () => {
    stopped.abort();
    await Promise.all(clients);
    return { failures, serials };
  };
  return { serials, stop };
}

/** A volume as Kubernetes writes it: the names lead through `..data`, which is swapped. */
function swapVolume(folder: string, generation: string, { chain, key }: Pair): void {
  mkdirSync(join(folder, generation));
  writeFileSync(join(folder, generation, 'tls.crt'), chain);
  writeFileSync(join(folder, generation, 'tls.key'), key);
  symlinkSync(generation, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
}

/** Replaces a name by a link, as certbot does. */
function relink(path: string, target: string): void {
  symlinkSync(target, `${path}.tmp`);
  renameSync(`${path}.tmp`, path);
}

test('a certificate is replaced five times under load: new connections get the new one, and none fails', async () => {
  using data = dataFolder();
  using conf = dataFolder();
  const [certificate, key] = [join(conf.path, 'tls.crt'), join(conf.path, 'tls.key')];
  const pairs = await Promise.all(Array.from({ length: 5 }, pair));
  const [first, second, third, fourth, fifth] = pairs as [Pair, Pair, Pair, Pair, Pair];
  swapVolume(conf.path, '..1', first);
  symlinkSync('..data/tls.crt', certificate);
  symlinkSync('..data/tls.key', key);
  writeFileSync(join(conf.path, 'root.pem'), root.certificate);
  const config = join(conf.path, 'postern.json');
  const tls = [{ certificate: 'tls.crt', key: 'tls.key', authority: 'root.pem' }];
  writeFileSync(config, JSON.stringify({ tls }));
  await using world = await startPostern(['--data', data.path, '--config', config]);
  assert.equal(world.ready.caFile, join(data.path, 'trusted.pem'));

  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  const keptOne = await ask(world, kept);
  assert.deepEqual(keptOne, { status: 401, serial: first.serial });
  const clients = load(world);
  const isShown = (one: Pair) => until(() => clients.serials.has(one.serial), one.serial);
  await isShown(first);

  swapVolume(conf.path, '..2', second);
  await isShown(second);

  writeFileSync(join(conf.path, 'privkey3.pem'), third.key);
  writeFileSync(join(conf.path, 'fullchain3.pem'), third.chain);
  relink(key, 'privkey3.pem');
  relink(certificate, 'fullchain3.pem');
  await isShown(third);

  // In place, and the key much later.
  writeFileSync(certificate, fourth.chain);
  const refusal = `${key} is not the key of ${certificate}: the certificate is for another key. The certificate from before`;
  await until(() => world.stderr().includes(refusal), 'the refusal');
  writeFileSync(key, fourth.key);
  await isShown(fourth);

  writeFileSync(`${key}.new`, fifth.key);
  writeFileSync(`${certificate}.new`, fifth.chain);
  renameSync(`${key}.new`, key);
  renameSync(`${certificate}.new`, certificate);
  await isShown(fifth);

  // RSA, from another file, by SIGHUP.
  const material = generateSync({ family: 'RSA', size: 2048 });
  assert.ok(material.kty === 'RSA');
  const sixth = pairOf(await signed({ subject: 'localhost', dnsNames: names, material }, intermediate));
  writeFileSync(join(conf.path, 'rsa.pem'), sixth.chain + sixth.key);
  writeFileSync(config, JSON.stringify({ tls: [{ ...tls[0], certificate: 'rsa.pem', key: 'rsa.pem' }] }));
  world.child.kill('SIGHUP');
  await isShown(sixth);
  const { failures, serials } = await clients.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual(
    [...serials],
    [...pairs, sixth].map(({ serial }) => serial),
  );
  kept.destroy();
  assert.equal(world.stderr().split('was replaced: new connections get it.').length, 5, world.stderr());

  // The programs of this machine trust it: the command line, and a program that it starts. Root gives a program no authority from
  // a folder of the worker's that is not limited to the server's names.
  const { uid } = statSync(data.path);
  const asOwner = uid === process.geteuid?.() ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  await run(postern, ['activity', '--data', data.path]);
  const asking = `fetch('${world.ready.home}/metadata/endpoints?api-version=2022-09-01').then(({ status }) => console.log(status))`;
  const [command, ...more] = [...asOwner, postern, 'run', '--data', data.path, '--', process.execPath, '-e', asking];
  assert.equal((await run(command, more)).stdout, '200\n');
  assert.equal(new X509Certificate(readFileSync(join(data.path, 'ca.pem'))).subject, 'CN=Postern CA for localhost');
});
