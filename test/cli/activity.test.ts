/** `postern activity` against a running server, also while its worker is killed. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { entryLine } from '../../src/cli/activity/entry-line.ts';
import { networks } from '../data-plane/vaults.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const program = join(import.meta.dirname, '../../bin/postern');
const folder = dataFolder();
let server: RunningPostern;

before(async () => {
  server = await startPostern(['--data', join(folder.path, 'data')]);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const get = (from: string) => server.client.vault('demo', 'GET', '/secrets/greeting', { from });

function run(...args: readonly string[]) {
  const options = ['activity', ...args, '--data', server.ready.dataDir];
  const { status, stdout, stderr } = spawnSync(program, options, { encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

test('prints the last requests with the reason, and only the denied ones', async () => {
  await get(networks.allowed);
  await get(networks.refused);
  const all = run('--vault', 'demo');
  assert.deepEqual([all.code, all.stderr], [0, '']);
  const [allowed = '', refused = '', ...more] = all.stdout.trimEnd().split('\n');
  assert.match(allowed, /^\S+Z {2}ok {2}SecretGet {2}demo {2}app \S+ {2}203\.0\.113\.7 {2}ipRule 203\.0\.113\.7$/);
  assert.match(refused, / {2}refused {2}SecretGet {2}demo {2}app \S+ {2}203\.0\.113\.8 {2}defaultAction is Deny, /);
  assert.deepEqual(more, []);
  assert.equal(run('--denied').stdout, `${refused}\n`);
  const { verdict } = JSON.parse(run('--denied', '--json').stdout) as {
    readonly verdict: { readonly because: string };
  };
  assert.equal(verdict.because, 'noIpRule');
  assert.equal(run('--vault', 'none').stderr, "error: The vault 'none' does not exist.\n");
});

test('follows by the cursor, and says a gap when the worker was killed', async () => {
  const child = spawn(program, ['activity', '--follow', '--denied', '--data', server.ready.dataDir]);
  const printed = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (printed.out += String(chunk)));
  child.stderr.on('data', (chunk) => (printed.err += String(chunk)));
  const lines = () => printed.out.split('\n').length - 1;
  try {
    await until(() => lines() === 1, 'the request of before');
    await get('127.0.0.9');
    await until(() => lines() === 2, 'the new request');
    assert.match(printed.out, /203\.0\.113\.9 {2}defaultAction is Deny/);
    process.kill(server.workerPid(), 'SIGKILL');
    await until(() => printed.err.includes('Some requests may be missing here'), 'the gap');
    assert.match(printed.out, /203\.0\.113\.9/);
  } finally {
    child.kill('SIGINT');
  }
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  assert.equal(signal, 'SIGINT');
});

test('shows no control character of what a client sent, and names a subnet and the service itself', () => {
  const source = { kind: 'subnet', subnet: '/x/virtualNetworks/net/subnets/sub', address: '10.0.0.4' };
  const entry = {
    time: '2026-01-31T12:00:00.1230000Z',
    operation: 'SecretGet',
    vault: { name: 'demo' },
    source,
    caller: { name: 'a\u001b[31m@b' },
    status: 404,
    message: 'A secret with (name/id) \u0007 was not found.\nMore.',
  };
  assert.equal(
    entryLine(entry, { isTerminal: false }),
    '2026-01-31T12:00:00.123Z  refused  SecretGet  demo  a?[31m@b  10.0.0.4 (net/sub)  404 A secret with (name/id) ? was not found.',
  );
  const { source: _, caller: __, message: ___, ...own } = { ...entry, status: 200 };
  assert.match(entryLine(own, { isTerminal: true }), /^\d\d:\d\d:\d\d {2}✓ {2}SecretGet {2}demo {2}the service itself/);
});
