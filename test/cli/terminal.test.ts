/** The command as a process: its pipes, signals and terminal. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { outputOf } from '../../src/cli/output-words.ts';
import { showProgress } from '../../src/cli/progress.ts';
import { notRun } from '../not-run.ts';
import { dataFolder, until } from '../world/process.ts';

const program = join(import.meta.dirname, '../../bin/postern');
const main = join(import.meta.dirname, '../../bin/main.mjs');
const folder = dataFolder();
after(() => folder[Symbol.dispose]());

function shell(line: string, environment: Readonly<Record<string, string>> = {}) {
  // Nothing else of the environment: Node looks at CI, NO_COLOR, COLORTERM and more, and `script` at SHELL.
  const { PATH = '' } = process.env;
  const env = { PATH, ...environment, NODE: process.execPath, MAIN: main, POSTERN_DATA: folder.path };
  const options = { env, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-o', 'pipefail', '-c', line, program], options);
  return { status, stdout, stderr };
}

/** A stream of a terminal as far as an output looks at it. */
function terminal() {
  const written: string[] = [];
  const stream = Object.assign(Object.create(process.stderr) as NodeJS.WriteStream, {
    isTTY: true,
    write: (words: string) => written.push(words) > 0,
  });
  return { stream, written };
}

describe('the command as a process', () => {
  it('ends quietly when its reader has enough', () => {
    assert.deepEqual(shell('"$0" completion bash | true'), { status: 0, stdout: '', stderr: '' });
  });

  it('says that its output cannot be written', () => {
    const { status, stderr } = shell('"$0" completion bash > /dev/full');
    assert.equal(status, 1);
    assert.match(stderr, /^error: The output cannot be written: ENOSPC.*\n$/);
  });

  it('says what nobody expected in one line, and where with POSTERN_DEBUG=1', () => {
    // The folder that it works in is gone, which no command looks at first.
    const gone = '"$POSTERN_DATA/gone"';
    const failing = `mkdir ${gone} && cd ${gone} && rmdir ${gone} && "$NODE" "$MAIN" gateway config --subnet a/b --out x`;
    const { status, stderr } = shell(failing);
    assert.equal(status, 1);
    assert.match(stderr, /^error: Postern failed unexpectedly: .*\(ENOENT\)\nhint: Please report it.*\n$/);
    assert.match(shell(failing, { POSTERN_DEBUG: '1' }).stderr, /\n {4}at /);
    assert.match(shell(`${failing} --json`).stderr, /^\{"error":\{"code":"ENOENT","message":".*\}\}\n$/);
  });

  it('is ended by Ctrl-C without a word', async () => {
    mkdirSync(join(folder.path, 'audit'));
    const record = '{"time":"2026-11-27T12:00:00Z","operationName":"SecretGet"}';
    writeFileSync(join(folder.path, 'audit', 'audit.jsonl'), `${record}\n`);
    const child = spawn(program, ['audit', 'tail', '--json'], { env: { ...process.env, POSTERN_DATA: folder.path } });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await until(() => output === `${record}\n`, `the record in ${output}`);
    child.kill('SIGINT');
    await once(child, 'close');
    // A shell says 130 for it.
    assert.deepEqual([child.signalCode, output], ['SIGINT', `${record}\n`]);
  });

  it('has colors on a terminal, and none for NO_COLOR or a pipe', () => {
    if (spawnSync('script', ['--version']).error !== undefined) {
      return notRun('colors of the command line', 'needs script (Debian: bsdutils)');
    }
    const at = (environment: Readonly<Record<string, string>>) =>
      shell('script -qec "\'$0\' frobnicate" /dev/null', { TERM: 'xterm', ...environment }).stdout;
    assert.ok(at({}).startsWith("\u001B[31merror:\u001B[39m There is no command 'frobnicate'"));
    assert.match(at({ NO_COLOR: '1' }), /^error: There is no command/);
    assert.match(at({ TERM: 'dumb' }), /^error: There is no command/);
    assert.match(shell('"$0" frobnicate', { TERM: 'xterm' }).stderr, /^error: There is no command/);
  });
});

describe('on a terminal', () => {
  it('a list is a table, whose cells cannot move the cursor', () => {
    const { stream } = terminal();
    const table = {
      head: ['NAME', 'RULES'],
      rows: [
        ['a', '1'],
        ['longer\u001B[2J', ''],
      ],
    };
    const answer = { json: [], text: 'a\nlonger', table };
    const lines = outputOf(answer, { asJson: false, stream })
      .output.replaceAll('\u001B[1m', '')
      .replaceAll('\u001B[22m', '')
      .split('\n');
    assert.deepEqual(lines, ['NAME        RULES', 'a           1', 'longer?[2J']);
    assert.equal(outputOf(answer, { asJson: true, stream }).output, '[]');
    assert.equal(
      outputOf(answer, { asJson: false, stream: Object.assign(stream, { isTTY: false }) }).output,
      'a\nlonger',
    );
  });

  it('what takes longer than a second says so, and its line is gone at the end', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { stream, written } = terminal();
    {
      using _ = showProgress('Reading', stream);
      t.mock.timers.tick(999);
      assert.deepEqual(written, []);
      t.mock.timers.tick(1001);
    }
    assert.deepEqual(written, ['\rReading … 1 s', '\rReading … 2 s', '\r\u001B[K']);
    t.mock.timers.tick(5000);
    const pipe = terminal();
    using _ = showProgress('Reading', Object.assign(pipe.stream, { isTTY: false }));
    t.mock.timers.tick(5000);
    assert.deepEqual([written.length, pipe.written], [3, []]);
  });
});
