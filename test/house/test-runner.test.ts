import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { longFirst, longFiles } from '../../tools/long-files.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const program = join(root, 'tools/test.ts');

const head = "import { it } from 'node:test';\n";
const tests: Readonly<Record<string, string>> = {
  'passes.test.ts': `${head}it('passes', () => {});\nit('is quiet', () => console.log('chatter'));\n`,
  'fails.test.ts': `${head}it('fails', () => {\n  console.log('what it said');\n  throw new Error('the fault');\n});\n`,
  'missing.test.ts': `${head}it('notices', () => console.error('NOT RUN: there are no namespaces here'));\n`,
};

describe('npm test', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-runner-'));
    for (const [path, text] of Object.entries(tests)) await writeFile(join(folder, path), text);
  });
  after(() => rm(folder, { recursive: true }));

  const run = (...words: readonly string[]) => {
    // The runner refuses to run within a run; the inner one is a run of its own.
    const { NODE_TEST_CONTEXT: _, ...outer } = process.env;
    const env = { ...outer, INIT_CWD: folder };
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8', env });
    return { status, stdout, stderr };
  };
  const lastLines = (stdout: string) =>
    stdout
      .trimEnd()
      .split('\n')
      .slice(-8)
      .map((line) => line.replace(/[\d.]+$/, 'N'));
  const summary = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'].map(
    (word) => `ℹ ${word} N`,
  );

  it('runs the files that it is given, and ends with the summary of the runner', () => {
    const { status, stdout } = run('passes.test.ts');
    assert.equal(status, 0);
    assert.match(stdout, /^✔ .*passes\.test\.ts \(2 tests, /m);
    assert.match(stdout, /^ℹ tests 2$/m);
    assert.deepEqual(lastLines(stdout), summary);
    assert.doesNotMatch(stdout, /chatter|fails|!!/);
  });

  it('shows a failure with what the file wrote, above that summary, and fails', () => {
    const { status, stdout } = run('.');
    assert.equal(status, 1);
    assert.match(stdout, /^✖ .*fails\.test\.ts \(1 tests, /m);
    assert.match(stdout, /✖ fails \(.*fails\.test\.ts:2\)\n {2}Error: the fault\n/);
    assert.match(stdout, /✖ .*fails\.test\.ts wrote:\n {2}what it said\n/);
    assert.match(stdout, /^ℹ tests 4$/m);
    assert.match(stdout, /^ℹ fail 1$/m);
    assert.deepEqual(lastLines(stdout), summary);
  });

  it('says loudly, just above that summary, what did not run', () => {
    const { status, stdout } = run('missing.test.ts');
    assert.equal(status, 0);
    assert.match(stdout, /\n!{100}\n!! NOT RUN: there are no namespaces here\n!{100}\n\nℹ tests 1\n/);
  });

  it('runs the tests of a name alone', () => {
    const { status, stdout } = run('.', '--test-name-pattern=passes');
    assert.equal(status, 0);
    assert.match(stdout, /^✔ .*passes\.test\.ts \(1 tests, /m);
    assert.match(stdout, /^✔ .*fails\.test\.ts \(0 tests, /m);
  });

  it('fails where there is no test', () => {
    const { status, stderr } = run('passes.test.ts', 'nothing');
    assert.equal(status, 1);
    assert.match(stderr, /postern: there is no .*nothing/);
  });
});

describe('the order of the files', () => {
  it('begins with those that take longest, and is else the one given', () => {
    const given = [
      '/checkout/test/a.test.ts',
      '/checkout/test/b.test.ts',
      '/checkout/test/c.test.ts',
      '/checkout/test/d.test.ts',
    ];
    const order = longFirst(given, '/checkout/', ['test/d.test.ts', 'test/not-given.test.ts', 'test/b.test.ts']);
    assert.deepEqual(order, [given[3], given[1], given[0], given[2]]);
    assert.deepEqual(longFirst(given, '/other/', ['test/d.test.ts']), given);
  });

  it('names only files that are there', () => {
    const absent = longFiles.filter((file) => !existsSync(join(root, file)));
    assert.deepEqual(absent, []);
  });
});
