/** The scripts of `postern completion` in the shells themselves: bash and zsh at a pseudo terminal, fish by its own engine. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { bashScript } from '../../src/cli/completion/bash.ts';
import { fishScript } from '../../src/cli/completion/fish.ts';
import { completedCommands } from '../../src/cli/completion/words.ts';
import { zshScript } from '../../src/cli/completion/zsh.ts';
import { notRun } from '../not-run.ts';
import { until } from '../world/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-completion-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const all = await completedCommands();
const scripts = { bash: bashScript(all), zsh: zshScript(all), fish: fishScript(all) };
for (const [shell, script] of Object.entries(scripts)) writeFileSync(join(folder, shell), script);
mkdirSync(join(folder, 'a folder'));
writeFileSync(join(folder, 'a value.txt'), '');
const environment = { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb', LANG: 'C.UTF-8', COLUMNS: '200' };

/** Whether the shell is there; says so loudly if not. The package of Debian has the shell's name. */
function has(...programs: readonly string[]): boolean {
  const missing = programs.filter((program) => spawnSync(program, ['--version']).error !== undefined);
  if (missing.length > 0) {
    notRun(`completion in ${programs[0] ?? ''}`, `needs ${missing.join(' and ')} (Debian: ${missing.join(', ')})`);
  }
  return missing.length === 0;
}

/** The words that the function of the script offers after these, the last of which is being typed. */
function inBash(...words: readonly string[]): readonly string[] {
  const line = 'source ./bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _postern; printf "%s\\n" "${COMPREPLY[@]}"';
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', line, 'bash', 'postern', ...words], {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((word) => word !== '');
}

function inFish(typed: string): readonly string[] {
  const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', `source ./fish; complete -C '${typed}'`], {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
}

/** A shell at a pseudo terminal. */
function atTerminal(t: TestContext, shell: string) {
  const child = spawn('script', ['-qec', shell, '/dev/null'], { cwd: folder, env: { ...environment, PS1: '> ' } });
  t.after(() => child.kill('SIGKILL'));
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  return {
    type: (keys: string) => void child.stdin.write(keys),
    sees: async (what: RegExp) => {
      await until(() => what.test(shown), `${String(what)} in ${JSON.stringify(shown)}`);
      shown = '';
    },
    end: async () => {
      child.stdin.write('\u0015exit\n');
      await once(child, 'close');
    },
  };
}

describe('completion in bash', () => {
  it('at a terminal: tab completes a word, and pressed twice shows what there is', async (t) => {
    if (!has('bash', 'script')) return;
    const terminal = atTerminal(t, 'bash --norc -i');
    await terminal.sees(/> /);
    terminal.type('source ./bash; echo read"y"\n');
    await terminal.sees(/ready\r?\n.*> /s);
    terminal.type('./bin/postern secr\t');
    await terminal.sees(/secret /);
    terminal.type('\t\t');
    await terminal.sees(/delete +list +set +show/);
    terminal.type('set --file a\\ v\t');
    await terminal.sees(/a\\ value\.txt /);
    await terminal.end();
  });

  it('offers commands, options, words, files and programs, each in its place', () => {
    if (!has('bash')) return;
    assert.deepEqual(inBash('star'), ['start']);
    assert.deepEqual(inBash('secret', ''), ['show', 'list', 'set', 'delete']);
    assert.deepEqual(inBash('help', 'net', ''), ['up', 'down', 'status']);
    assert.deepEqual(inBash('trusted-services', 'c'), ['credential']);
    assert.deepEqual(inBash('token', '--'), ['--resource', '--data', '--json', '--help']);
    assert.deepEqual(inBash('token', '--data', 'x', '--j'), ['--json']);
    assert.deepEqual(inBash('what-if', '--default-action', ''), ['Allow', 'Deny']);
    assert.deepEqual(inBash('start', '--rules', 'c'), ['current']);
    assert.deepEqual(inBash('secret', 'set', '--file', 'a v'), ['a value.txt']);
    assert.deepEqual(inBash('token', '--data', 'a'), ['a folder']);
    assert.deepEqual(inBash('secret', 'show', '--vault', ''), []);
    assert.ok(inBash('run', '--', 'prin').includes('printf'));
    assert.deepEqual(inBash('run', '--', 'cat', 'a v'), ['a value.txt']);
    assert.deepEqual(inBash('run', '--', 'secret', 's'), []);
    assert.deepEqual(inBash('frobnicate', ''), []);
  });
});

describe('completion in zsh', () => {
  it('at a terminal: completes words, shows what they do, and files', async (t) => {
    if (!has('zsh', 'script')) return;
    const terminal = atTerminal(t, 'zsh -f -i');
    terminal.type('autoload -Uz compinit; compinit -u -d ./dump; source ./zsh; echo read"y"\n');
    await terminal.sees(/\nready\r?\n/);
    terminal.type('postern secr\t');
    await terminal.sees(/secret /);
    terminal.type('\t');
    await terminal.sees(/delete +-- Deletes a secret.*show +-- Reads a secret/s);
    terminal.type('set --file a\\ v\t');
    await terminal.sees(/a\\ value\.txt/);
    terminal.type('\u0015postern what-if --default-action D\t');
    await terminal.sees(/--default-action Deny/);
    await terminal.end();
  });
});

describe('completion in fish', () => {
  it('offers commands, options, words, files and programs, each in its place', () => {
    if (!has('fish')) return;
    assert.deepEqual(inFish('postern star'), ['start']);
    assert.deepEqual(inFish('postern secret '), ['delete', 'list', 'set', 'show']);
    assert.deepEqual(inFish('postern help net '), ['down', 'status', 'up']);
    assert.deepEqual(inFish('postern token --'), ['--data', '--help', '--json', '--resource']);
    assert.deepEqual(inFish('postern what-if --default-action '), ['Allow', 'Deny']);
    assert.deepEqual(inFish('postern secret set --file a'), ['a folder/', 'a value.txt']);
    assert.deepEqual(inFish('postern token --data a'), ['a folder/']);
    assert.deepEqual(inFish('postern version '), []);
    assert.ok(inFish('postern run -- prin').includes('printf'));
  });
});
