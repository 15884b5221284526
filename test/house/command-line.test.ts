import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allCommands } from '../../src/cli/commands.ts';
import { commandHelp } from '../../src/cli/help.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const all = await allCommands();
const page = readFileSync(`${root}docs/reference/command-line.md`, 'utf8');

/** The output of the program, in one line. */
function help(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(`${root}bin/postern`, [...words, '--help'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return inOneLine(stdout);
}

function inOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

/** The rows below a heading of the page, up to the next one as high, as the help would print them. */
function rowsOf(heading: string): readonly string[] {
  const [level = ''] = heading.split(' ');
  const [, below = ''] = page.split(`\n${heading}\n`);
  const [part = ''] = below.split(new RegExp(String.raw`^#{1,${level.length}} `, 'm'));
  const rows = part.matchAll(/^\| `(?<name>[^`]+)` *\| (?<text>.*?) +\|/gm);
  return [...rows].map(({ groups }) => `${groups?.['name']} ${groups?.['text']}`.replaceAll('\\', ''));
}

/** Every option in a string, with two hyphens. */
function optionsIn(source: string): readonly string[] {
  return [...new Set(source.match(/(?<![\w-])--[a-z][a-z-]*/g))].toSorted();
}

describe('docs/reference/command-line.md', () => {
  it('has what postern start --help prints, and nothing else', () => {
    const printed = help('start');
    const rows = rowsOf('## start');
    for (const row of rows) assert.ok(printed.includes(row), row);
    assert.deepEqual(optionsIn(rows.join('\n')), optionsIn(printed));
  });

  it('has every command that postern --help names, and no other', () => {
    const printed = [...help().matchAll(/ postern ((?:[a-z-]+ )+)/g)].map(([, name = '']) => name.trim());
    const headings = [...page.matchAll(/^#{2,3} ([a-z-]+(?: [a-z-]+)?)$/gm)].map(([, name = '']) => name);
    assert.deepEqual(headings, printed);
  });

  it('has for a command what the program prints', () => {
    const command = all.find(({ name }) => name === 'secret show');
    assert.ok(command !== undefined);
    assert.equal(help('secret', 'show'), inOneLine(commandHelp(command)));
  });

  for (const command of all) {
    const { name } = command;
    it(`has what postern ${name} --help prints, and nothing else`, () => {
      const printed = inOneLine(commandHelp(command));
      const rows = rowsOf(`### ${name}`);
      for (const row of rows) assert.ok(printed.includes(row), row);
      assert.deepEqual(optionsIn(rows.join('\n')), optionsIn(printed));
    });
  }
});
