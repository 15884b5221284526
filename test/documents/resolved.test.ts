/** Everything that a document tells a reader to type, save or look at exists, also if no test types it. */
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSettings } from '../../src/settings/settings.ts';
import { readTree } from '../house/tree.ts';
import type { SourceFile } from '../house/tree.ts';
import { blocksOf } from './blocks.ts';
import type { Block } from './blocks.ts';
import { azureCliPage, followed } from './pages.ts';
import { unresolved } from './resolve.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Blocks that nothing runs or reads, by the first line of each, and why. */
const shownOnly: Readonly<Record<string, string>> = {
  'provider "azurerm" {': 'Terraform is not run, as its page says',
};

suite('what a document names', () => {
  let files: readonly SourceFile[];
  let documents: readonly SourceFile[];
  before(async () => {
    files = await readTree(root);
    documents = files.filter(({ path }) => path.endsWith('.md'));
  });
  const textOf = (path: string) => files.find((file) => file.path === path)?.text;

  test('commands, their options, scripts and paths exist', () => {
    const { scripts } = JSON.parse(textOf('package.json') ?? '') as { scripts: object };
    const known = { paths: files.map(({ path }) => path), scripts: Object.keys(scripts) };
    const code = documents.flatMap(({ path, text }) =>
      [...spansOf(text), ...blocksOf(text).map((block) => block.text)].map((each) => ({ path, text: each })),
    );
    const examples = files.filter(({ path }) => path.startsWith('examples/'));
    assert.deepEqual(
      [...code, ...examples].flatMap(({ path, text }) => unresolved(text, known).map((fault) => `${path}: ${fault}`)),
      [],
    );
  });

  test('a document that the code refers to exists', () => {
    const code = files.filter(({ path }) => /^(?:src|tools|examples|bench|bin)\//.test(path));
    const faults = code.flatMap(({ path, text }) =>
      Array.from(text.matchAll(/(?<![\w/-])(?:docs\/[\w/-]+|[A-Z]{5,})\.md\b/g), ([found]) => found)
        .filter((found) => textOf(found) === undefined)
        .map((found) => `${path}: there is no ${found}`),
    );
    assert.deepEqual(faults, []);
  });

  test('a configuration is one that postern start reads', () => {
    const shown = documents.flatMap(({ path, text }) => [
      ...blocksOf(text).flatMap((block) => (block.language === 'json' ? [{ path, json: block.text }] : [])),
      ...spansOf(text).map((json) => ({ path, json })),
    ]);
    const configurations = shown.filter(({ json }) => isConfiguration(json));
    assert.ok(configurations.length > 3, `${configurations.length} found`);
    assert.deepEqual(
      configurations.flatMap(({ path, json }) => {
        const refusal = refusalOf(json);
        return refusal === undefined ? [] : [`${path}: ${json}\n${refusal}`];
      }),
      [],
    );
  });

  test('every block is run by a test, or checked', () => {
    const faults = documents.flatMap(({ path, text }) =>
      blocksOf(text)
        .filter((block) => !isChecked(path, block, textOf))
        .map(({ line, language }) => `${path}:${line}: nothing runs or reads this ${language}`),
    );
    assert.deepEqual(faults, []);
  });
});

function spansOf(markdown: string): readonly string[] {
  const prose = markdown.replaceAll(/^```.*?^```$/gms, '');
  return Array.from(prose.matchAll(/`([^`\n]+)`/g), ([, span = '']) => span);
}

const members: ReadonlySet<string> = new Set(/Known: (.*)\.$/.exec(refusalOf('{"?":0}') ?? '')?.[1]?.split(', '));

/** Whether the first member of this object is one of a configuration. */
function isConfiguration(json: string): boolean {
  return members.has(/^\{\s*"(\w+)":/.exec(json)?.[1] ?? '');
}

/** Why `postern start` does not read this as its configuration. */
function refusalOf(config: string): string | undefined {
  const argv = ['--config', 'postern.json'];
  const read = readSettings({ argv, environment: {}, folder: root, readFile: () => config });
  return read.ok ? undefined : read.message;
}

/** A line of JavaScript or Python, which needs a language, so that it is compared with a file that runs. */
const program = /^(?:(?:import|from|const|let|await|def) |spawn\()/m;

/** A program is a file, or with `in` before its name, some lines of it. */
function isOfFile(place: string, text: string, textOf: (path: string) => string | undefined): boolean {
  const whole = place.replace(/^in /, '');
  if (whole === place) return textOf(place) === text;
  const lines = (textOf(whole) ?? '').split('\n');
  const indents = new Set(lines.map((line) => /^ */.exec(line)?.[0] ?? ''));
  return [...indents].some((indent) =>
    `\n${lines.join('\n')}`.includes(`\n${text.trimEnd().replace(/^(?=.)/gm, indent)}\n`),
  );
}

/** Commands are typed by a test where the page is followed, and else resolved; a program is a file of the checkout. */
function isChecked(path: string, { language, text, savedAs }: Block, textOf: (path: string) => string | undefined) {
  const isFollowed = path in followed || path === azureCliPage;
  switch (language) {
    case '':
      return !program.test(text);
    case 'json':
      return true;
    case 'sh':
      return isFollowed || /^(?:npm|#)/.test(text);
    case 'console':
    case 'text':
    case 'yaml':
      return isFollowed;
    case 'js':
    case 'ts':
    case 'python': {
      const [first = '', ...rest] = text.split('\n');
      return isOfFile(first.replace(/^(?:\/\/|#) /, ''), rest.join('\n'), textOf);
    }
    default:
      return (savedAs !== undefined && isFollowed) || (text.split('\n')[0] ?? '') in shownOnly;
  }
}
