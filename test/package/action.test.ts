/** The GitHub Action, with this test in place of the runner: it gives the inputs, and takes what the steps write. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
  readonly runs: { readonly using: string; readonly main: string; readonly post: string };
}

const action = parse(readFileSync(join(root, 'action.yml'), 'utf8'), { strict: true }) as Action;

/** The words that a process was started with; none of one that has ended, or waits for init to take note of it. */
function programOf(pid: string | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

describe('the action', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-action-'));
  const names = ['GITHUB_ENV', 'GITHUB_OUTPUT', 'GITHUB_STATE'] as const;
  const written = (name: (typeof names)[number]) =>
    new Map(
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
    );
  /** Runs a step, with the inputs as the runner names them. */
  const step = (file: string, environment: Readonly<Record<string, string>>) => {
    const files = Object.fromEntries(names.map((name) => [name, join(folder, name)]));
    const env = { ...process.env, ...files, RUNNER_TEMP: folder, ...environment };
    return spawnSync(process.execPath, [join(root, file)], { encoding: 'utf8', env });
  };
  const inputs = (given: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries({
        ...Object.fromEntries(Object.entries(action.inputs).map(([name, one]) => [name, one.default])),
        ...given,
      }).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    );
  const states = () =>
    Object.fromEntries([...written('GITHUB_STATE')].map(([name, value]) => [`STATE_${name}`, value]));
  before(() => {
    for (const name of names) writeFileSync(join(folder, name), '');
    writeFileSync(join(folder, 'seed.json'), JSON.stringify({ vaults: { app: { secrets: { greeting: 'hello' } } } }));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('starts a server of the package with the options, gives the steps its environment, and ends it', () => {
    assert.deepEqual(
      [action.runs.using, action.runs.main, action.runs.post],
      ['node24', 'action/start.mjs', 'action/stop.mjs'],
    );
    // A folder is linked, and runs from its sources.
    const options = `--seed\n${join(folder, 'seed.json')}\n`;
    const started = step(action.runs.main, inputs({ package: root, options }));
    assert.equal(started.status, 0, `${started.stdout}${started.stderr}`);
    try {
      const outputs = written('GITHUB_OUTPUT');
      assert.deepEqual([...outputs.keys()], Object.keys(action.outputs));
      const home = outputs.get('home') ?? '';
      assert.match(started.stdout, new RegExp(`^Postern is ready at ${home}, its vaults at https://<name>`, 'm'));
      const environment = written('GITHUB_ENV');
      assert.equal(environment.get('IDENTITY_ENDPOINT'), `${home}/msi/token`);
      const header = environment.get('IDENTITY_HEADER') ?? '';
      assert.ok(header.length >= 32 && started.stdout.includes(`::add-mask::${header}\n`));
      const program = written('GITHUB_STATE').get('program') ?? '';
      const shown = spawnSync(process.execPath, [program, 'secret', 'show', '--vault', 'app', '--name', 'greeting'], {
        encoding: 'utf8',
        env: { ...process.env, POSTERN_DATA: environment.get('POSTERN_DATA') },
      });
      assert.match(shown.stdout, /"value": "hello"/, shown.stderr);
    } finally {
      assert.equal(step(action.runs.post, states()).status, 0);
    }
    assert.equal(programOf(written('GITHUB_STATE').get('pid')), '');
    assert.equal(step(action.runs.post, states()).status, 0, 'once more, without a server');
  });

  it('fails with what the server said, on one line', () => {
    const refused = step(action.runs.main, inputs({ package: root, options: '--prot\n1' }));
    assert.equal(refused.status, 1);
    assert.match(
      refused.stdout,
      /^::error::postern start ended with 2:%0Apostern: the option --prot is not known\..*$/m,
    );
  });

  it('ends no other process with the number of its server', () => {
    const { status } = step(action.runs.post, { STATE_pid: String(process.pid), STATE_program: '/nowhere/main.mjs' });
    assert.equal(status, 0);
    assert.equal(step(action.runs.post, {}).status, 0, 'a start that failed before there was a server');
  });
});
