/** `postern secret` against a running server. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { dataFolder, startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const program = join(import.meta.dirname, '../../bin/postern');
const folder = dataFolder();
let server: RunningPostern;

/** More than a page of a vault's list. */
const many = Array.from({ length: 30 }, (_, index) => `many-${String(index).padStart(2, '0')}`);

before(async () => {
  const seed = join(folder.path, 'seed.json');
  const open = { secrets: Object.fromEntries(many.map((name) => [name, 'x'])) };
  const locked = { rules: { defaultAction: 'Deny', ipRules: ['203.0.113.7'] }, secrets: { greeting: 'hello' } };
  writeFileSync(seed, JSON.stringify({ vaults: { open, locked } }));
  server = await startPostern(['--data', join(folder.path, 'data'), '--seed', seed]);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Runs a command with this standard input. */
function run(args: readonly string[], input: string | Uint8Array = '') {
  const words = ['secret', ...args, '--data', server.ready.dataDir];
  const { status, stdout, stderr } = spawnSync(program, words, { input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

function valueOf(name: string): string {
  const { stdout } = run(['show', '--vault', 'open', '--name', name]);
  return (JSON.parse(stdout) as { readonly value: string }).value;
}

const set = (name: string, ...rest: readonly string[]) => ['set', '--vault', 'open', '--name', name, ...rest];

suite('postern secret', () => {
  test('takes a value from standard input, without the line break that ends it', () => {
    const { status, stdout, stderr } = run(set('piped'), 'pass word\n');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^https:\/\/open\.vault\.localhost:\d+\/secrets\/piped\/[0-9a-f]{32}\n$/);
    assert.equal(valueOf('piped'), 'pass word');
    run(set('piped'), 'first\nsecond\r\n');
    assert.equal(valueOf('piped'), 'first\nsecond');
  });

  test('takes a value from a file as it is, and from the command line', () => {
    const file = join(folder.path, 'value');
    writeFileSync(file, '\uFEFFzwölf\n');
    assert.equal(run(set('filed', '--file', file, '--content-type', 'text/plain')).status, 0);
    assert.equal(valueOf('filed'), '\uFEFFzwölf\n');
    assert.equal(run(set('typed', '--value', 'here')).status, 0);
    assert.equal(valueOf('typed'), 'here');
  });

  test('refuses what is not one value, and changes nothing', () => {
    const file = join(folder.path, 'bytes');
    writeFileSync(file, Uint8Array.of(0xff, 0xfe, 0x00));
    run(set('kept', '--value', 'before'));
    const cases: readonly (readonly [readonly string[], RegExp, number?])[] = [
      [['--file', file], /^error: .*bytes is not UTF-8, as a secret must be\.\nhint: Encode it/],
      [['--file', join(folder.path, 'missing')], /^error: The value cannot be read from .*missing: ENOENT/],
      [['--file', file, '--value', 'x'], /^error: --value and --file cannot be used together/, 2],
    ];
    for (const [words, message, exitStatus = 1] of cases) {
      const { status, stderr } = run(set('kept', ...words));
      assert.equal(status, exitStatus);
      assert.match(stderr, message);
    }
    const long = run(set('kept'), 'x'.repeat(25_601));
    assert.equal(long.status, 1);
    assert.match(long.stderr, /^error: 400 BadParameter/);
    assert.equal(valueOf('kept'), 'before');
  });

  test('lists names, or as JSON what the vault says of each, over all pages', () => {
    const names = run(['list', '--vault', 'open']).stdout.split('\n');
    assert.deepEqual(
      names.filter((name) => name.startsWith('many-')),
      many,
    );
    const listed = JSON.parse(run(['list', '--vault', 'open', '--json']).stdout) as { readonly id: string }[];
    assert.deepEqual(
      listed.map(({ id }) => id.split('/').at(-1)),
      names.filter((name) => name !== ''),
    );
  });

  test('deletes a secret, which can be recovered for 90 days', () => {
    run(set('gone', '--value', 'x'));
    const { status, stdout } = run(['delete', '--vault', 'open', '--name', 'gone']);
    assert.equal(status, 0);
    const [, until = ''] = /^Deleted\. It can be recovered until (\S+)\.\n$/.exec(stdout) ?? [];
    const days = (Date.parse(until) - Date.now()) / 86_400_000;
    assert.ok(days > 89.9 && days < 90.1, until);
    const missing = run(['delete', '--vault', 'open', '--name', 'never']);
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /^error: 404 SecretNotFound/);
  });

  test("has the vault's firewall before it, from the address that it is told", () => {
    const from = (address: string) => ['list', '--vault', 'locked', '--from', address];
    assert.equal(run(from('203.0.113.7')).stdout, 'greeting\n');
    const denied = run(from('203.0.113.8'));
    assert.equal(denied.status, 1);
    assert.match(denied.stderr, /^error: 403 Forbidden \/ ForbiddenByFirewall\n.*\nClient address: 203\.0\.113\.8\n/);
  });
});
