import assert from 'node:assert/strict';
import { access, constants } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rooms } from '../../tools/rooms.ts';
import type { ErrorTable } from './documents.ts';
import { deadLinks, errorsUndocumented, roomsUnknown } from './documents.ts';
import type { SourceFile } from './tree.ts';
import { readTree } from './tree.ts';
import { wordsOf } from './words.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const programs = ['.ci/run', 'bin/postern', 'runtime/node'];

describe('the tree', () => {
  let files: readonly SourceFile[];
  before(async () => {
    files = await readTree(root);
  });
  const textOf = (path: string) => files.find((file) => file.path === path)?.text ?? '';

  it('has the files that everything else is about', () => {
    const paths = new Set(files.map(({ path }) => path));
    const wanted = ['package.json', 'src/store/store.ts', 'test/house/tidy.test.ts', ...programs];
    assert.deepEqual(
      wanted.filter((path) => !paths.has(path)),
      [],
    );
    assert.deepEqual(
      [...paths].filter((path) => /(?:^|\/)(?:node_modules|dist|\.git)\//.test(path)),
      [],
    );
  });

  it('has no banned word, name or call', () => {
    assert.deepEqual(files.flatMap(wordsOf), []);
  });

  it('has no file of more than 100,000 characters, apart from the lock file', () => {
    const large = files.filter(({ path, text }) => text.length > 100_000 && path !== 'package-lock.json');
    assert.deepEqual(
      large.map(({ path }) => path),
      [],
    );
  });

  it('has no link that leads nowhere', () => {
    const documents = files.filter(({ path }) => path.endsWith('.md'));
    assert.deepEqual(
      documents.flatMap((document) => deadLinks(document, files)),
      [],
    );
  });

  it('lists every page below docs/ in docs/README.md', () => {
    const index = textOf('docs/README.md');
    const pages = files.flatMap(({ path }) => /^docs\/(.+\.md)$/.exec(path)?.[1] ?? []);
    assert.deepEqual(
      pages.filter((page) => page !== 'README.md' && !index.includes(`](${page})`)),
      [],
    );
  });

  it('knows the same rooms in src/, in tools/rooms.ts and in ARCHITECTURE.md', () => {
    assert.deepEqual(roomsUnknown(Object.keys(rooms), files, textOf('ARCHITECTURE.md')), []);
  });

  it('describes in docs/reference/errors.md every error of every edge, and no other', async () => {
    const tables = new Map<string, ErrorTable>();
    for (const { path } of files) {
      const room = /^src\/(?<room>[^/]+)\/errors\.ts$/.exec(path)?.groups?.['room'];
      if (room !== undefined) tables.set(room, await errorsOf(path));
    }
    // An edge answers with errors, so an edge without a table would be one whose errors are not checked. A room that
    // assembles edges is not one.
    const speakers = Object.keys(rooms).filter((room) => rooms[room]?.imports.includes('edge'));
    const edges = speakers.filter((room) => !speakers.some((other) => rooms[room]?.imports.includes(other)));
    assert.deepEqual(
      edges.filter((room) => !tables.has(room)),
      [],
      'edges without errors.ts',
    );
    assert.deepEqual(errorsUndocumented(textOf('docs/reference/errors.md'), tables), []);
  });

  it('has programs that can be run', async () => {
    for (const program of programs) await access(`${root}${program}`, constants.X_OK);
  });
});

async function errorsOf(path: string): Promise<ErrorTable> {
  const module: unknown = await import(pathToFileURL(`${root}${path}`).href);
  assert.ok(isObject(module) && 'errors' in module, `${path} exports no \`errors\``);
  const { errors } = module;
  assert.ok(isTable(errors), `\`errors\` in ${path} is not a table of objects`);
  return errors;
}

function isTable(value: unknown): value is ErrorTable {
  const entries: readonly unknown[] = isObject(value) ? Object.values(value) : [];
  return entries.length > 0 && entries.every((entry) => isObject(entry));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
