/** The command line with words that it does not know, and without a server to ask. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { release } from '../../src/worker/upgrade.ts';
import { notRun } from '../not-run.ts';
import { startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'postern-words-'));
const data = join(folder, 'data');
let server: RunningPostern;

before(async () => {
  server = await startPostern(['--data', data]);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Asked {
  readonly uid?: number;
  readonly data?: string;
}

function postern(words: string, { uid, data: given }: Asked = {}) {
  const options = { encoding: 'utf8', ...(uid !== undefined && { uid, gid: uid }) } as const;
  const env = { ...process.env, POSTERN_DATA: given ?? data };
  const { status, stdout, stderr } = spawnSync(join(root, 'bin/postern'), words.split(' '), { ...options, env });
  return { status, stdout, stderr };
}

type Row = readonly [words: string, status: number, stderr: RegExp];

const words: readonly Row[] = [
  [
    'net dwn',
    2,
    /^error: There is no command 'net dwn'\. Did you mean 'net down'\?\nhint: See postern net --help\.\n$/,
  ],
  ['strat --port 0', 2, /^error: There is no command 'strat'\. Did you mean 'start'\?\n/],
  ['frobnicate', 2, /^error: There is no command 'frobnicate'\.\nhint: See postern --help\.\n$/],
  ['net', 2, /^error: 'net' needs one more word: up, down, status\.\nhint: See postern net --help\.\n$/],
  [
    'exec --subnt a/b -- true',
    2,
    /^error: 'postern exec' has no option --subnt\. Did you mean --subnet\?\nhint: postern exec/,
  ],
  ['token --frob', 2, /^error: 'postern token' has no option --frob\.\nhint: postern token/],
  [
    'exec --subnet a/b echo --x ok',
    2,
    /^error: 'echo' is not an .*\nhint: Put -- before the program: postern exec --subnet a\/b -- echo --x ok\n$/,
  ],
  ['token now', 2, /^error: 'now' is not an option of 'postern token'\.\nhint: postern token \[/],
  ['token --resource', 2, /^error: --resource needs a value: --resource URL\.\nhint: postern token/],
  [
    'hosts --vaults x',
    2,
    /^error: 'x' is not a vault name\.\nhint: A name has 3 to 24 letters, digits and hyphens\.\n$/,
  ],
  [
    'explain --vault demo --from 10.1.1.4',
    2,
    /private address 10\.1\.1\.4 only from a subnet\.\nhint: .* --subnet VNET\/SUBNET/,
  ],
  [
    'explain --vault demo --from 10.0.0.4 --subnet blue/x',
    1,
    /^error: There is no subnet .*\nhint: .*There are: .*demo-blue\/w/,
  ],
  [
    'listener open --port 1 --subnet blue/x',
    1,
    /^error: There is no subnet .*\nhint: .*There are: .*demo-blue\/workloads/,
  ],
];

describe('the command line', () => {
  for (const [asked, status, stderr] of words) {
    it(`refuses "postern ${asked}"`, () => {
      const found = postern(asked);
      assert.match(found.stderr, stderr);
      assert.equal(found.status, status);
      assert.equal(found.stdout, '');
    });
  }

  it('prints its version', () => {
    for (const asked of ['--version', '-V']) assert.equal(postern(asked).stdout, `${release}\n`);
  });

  it('says how a running server does, and that a folder has none', () => {
    const { status, stdout } = postern('status');
    assert.equal(status, 0, stdout);
    assert.match(stdout, new RegExp(`^Postern ${release} at https://localhost:\\d+ serves\n {2}running +for `));
    assert.match(stdout, /\n {2}listener +127\.0\.0\.1:\d+ \(public\)\n/);
    const { ready, checks } = JSON.parse(postern('status --json').stdout) as Readonly<Record<string, unknown>>;
    assert.equal(ready, true);
    assert.ok(Array.isArray(checks));
    const gone = postern('status --json', { data: '/nowhere/at/all' });
    assert.deepEqual([gone.status, gone.stdout], [1, '']);
    assert.match(gone.stderr, /^\{"error":\{"code":"NoServer","message":"There is no folder \/nowhere\/at\/all\."/);
  });

  it('prints the commands of a group', () => {
    const { status, stdout } = postern('trust --help');
    assert.equal(status, 0);
    assert.deepEqual(
      stdout.match(/postern trust [a-z]+/g),
      ['install', 'remove', 'status'].map((word) => `postern trust ${word}`),
    );
  });

  it('takes a subnet by its name wherever it takes its id', () => {
    const asked = 'explain --vault demo --from 10.0.0.4 --subnet';
    assert.match(postern(`${asked} DEMO-blue/workloads`).stdout, /^Allowed: /);
    assert.match(postern(`${asked} demo-green/workloads`).stdout, /^Denied: /);
  });

  it('says that there is no data folder, or that it is not one', () => {
    const hint =
      /\nhint: Start the server with "postern start", or name its data folder with --data DIR or POSTERN_DATA\.\n$/;
    for (const asked of ['token', 'net status', 'run -- true']) {
      const gone = postern(asked, { data: '/nowhere/at/all' });
      assert.match(gone.stderr, /^error: There is no folder \/nowhere\/at\/all\.\n/);
      assert.match(gone.stderr, hint);
    }
    assert.match(
      postern('token', { data: folder }).stderr,
      /is not the data folder of a server: .*connection\.json is not there\.\n/,
    );
  });

  it("says whose another user's data folder is", () => {
    if (process.geteuid?.() !== 0)
      return notRun("test/start/command-words.test.ts, another user's folder", 'it needs root');
    chmodSync(folder, 0o755);
    chmodSync(data, 0o700);
    for (const asked of ['token', 'secret show --vault demo --name greeting', 'net up', 'net status']) {
      const { stderr, status } = postern(asked, { uid: 65_534 });
      assert.match(
        stderr,
        /^error: .*data belongs to another user, uid \d+\.\nhint: Run it as that user, or with sudo/,
      );
      assert.equal(status, 1);
    }
  });

  it('says that a program of "run" has no server, and runs it', async () => {
    assert.equal(postern('run -- true').stderr, '');
    await server.end('SIGTERM');
    const { status, stderr } = postern('run -- true');
    assert.match(
      stderr,
      /^postern: the server at https:\/\/localhost:\d+ does not answer: start it with "postern start"\.\n$/,
    );
    assert.equal(status, 0);
    assert.match(
      postern('listener list').stderr,
      /^error: The supervisor cannot .*\nhint: Start the server with "postern start"\.(?: If another user than root .*)?\n$/,
    );
  });
});
