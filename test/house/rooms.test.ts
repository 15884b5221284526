import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { lintConfiguration } from '../../tools/lint-rules.ts';
import { rooms } from '../../tools/rooms.ts';
import type { Room } from '../../tools/rooms.ts';
import type { Finding } from './linter.ts';
import { lint, root } from './linter.ts';

/** The forms in which a module can be taken; those for types alone count as well. */
const forms: readonly ((specifier: string, number: number) => string)[] = [
  (specifier, number) => `import { a as a${number} } from '${specifier}';`,
  (specifier, number) => `import type { A as A${number} } from '${specifier}';`,
  (specifier) => `import '${specifier}';`,
  (specifier, number) => `export { b as b${number} } from '${specifier}';`,
  (specifier, number) => `export type { B as B${number} } from '${specifier}';`,
  (specifier) => `export * from '${specifier}';`,
  (specifier) => `void import('${specifier}');`,
];

/** The modules that each kind of platform may import from outside of `src/`. */
const outside: readonly { readonly specifier: string; readonly platforms: readonly Room['platform'][] }[] = [
  { specifier: 'node:fs', platforms: ['node only', 'packages'] },
  { specifier: 'node:fs/promises', platforms: ['node only', 'packages'] },
  { specifier: 'find-my-way', platforms: ['packages'] },
  { specifier: 'pino', platforms: ['packages'] },
  { specifier: 'jose/errors', platforms: ['packages'] },
  { specifier: 'preact/hooks', platforms: ['browser'] },
  { specifier: 'oauth4webapi', platforms: ['browser'] },
  // Packages of development, near misses of a package's name, and what gets round the rules.
  ...[
    'fast-check',
    'oxlint',
    '@peculiar',
    'fs',
    'node:process',
    'node:test',
    'node:module',
    '#store',
    '/src/types/a.ts',
  ].map((specifier) => ({ specifier, platforms: [] })),
];

interface Cases {
  readonly allowed: readonly string[];
  readonly forbidden: readonly string[];
}

/** Every import that is worth asking about, from a file that lies `level` folders deep in its room. */
function cases(name: string, room: Room, level: number): Cases {
  const source = '../'.repeat(level + 1);
  const verdicts = new Map<string, boolean>();
  for (const other of Object.keys(rooms)) {
    if (other === name) continue;
    for (const file of ['a.ts', 'folder/b.ts']) verdicts.set(`${source}${other}/${file}`, room.imports.includes(other));
  }
  for (const file of room.imports.filter((other) => other.endsWith('.ts'))) {
    verdicts.set(`${source}${file}`, true);
    verdicts.set(`${source}${file.replace('.ts', '-other.ts')}`, false);
    verdicts.set(`${source}${file.replace('/', '/folder/')}`, false);
  }
  for (const file of ['./c.ts', './folder/c.ts', ...(level > 0 ? ['../c.ts', '../folder/c.ts'] : [])])
    verdicts.set(file, true);
  for (const file of ['main.ts', 'nowhere/a.ts', '../tools/rooms.ts', '../package.json'])
    verdicts.set(`${source}${file}`, false);
  for (const roundabout of [`./${source}types/a.ts`, `${source}types/../crypto/a.ts`, `./%2e%2e/types/a.ts`]) {
    verdicts.set(roundabout, false);
  }
  for (const { specifier, platforms } of outside) verdicts.set(specifier, platforms.includes(room.platform));
  const chosen = (verdict: boolean) => [...verdicts.keys()].filter((specifier) => verdicts.get(specifier) === verdict);
  return { allowed: chosen(true), forbidden: chosen(false) };
}

/** One import a line, so that the linter's lines say which of them it refused. */
function fixture(specifiers: readonly string[]): readonly string[] {
  return specifiers.flatMap((specifier, number) => forms.map((form) => form(specifier, number)));
}

interface Fixture {
  readonly room: string;
  readonly path: string;
  readonly lines: readonly string[];
  readonly refused: boolean;
}

const fixtures: readonly Fixture[] = Object.entries(rooms).flatMap(([name, room]) =>
  ['', 'folder/'].flatMap((folder, level) => {
    const { allowed, forbidden } = cases(name, room, level);
    return [
      { room: name, path: `src/${name}/${folder}allowed.ts`, lines: fixture(allowed), refused: false },
      { room: name, path: `src/${name}/${folder}forbidden.ts`, lines: fixture(forbidden), refused: true },
    ];
  }),
);

const everything = fixture([...Object.keys(rooms).map((name) => `./${name}/a.ts`), 'node:process', 'find-my-way']);

describe('the import rules', () => {
  let findings: readonly Finding[];
  before(async () => {
    const files = new Map(fixtures.map(({ path, lines }) => [path, lines.join('\n')]));
    files.set('src/main.ts', everything.join('\n'));
    files.set('src/elsewhere.ts', everything.join('\n'));
    files.set('src/types/too/deep/a.ts', fixture(['./b.ts']).join('\n'));
    for (const folder of ['test', 'bench', 'tools']) {
      files.set(
        `${folder}/allowed.ts`,
        fixture(['../src/store/sqlite.ts', '../src/cli/main.ts', 'fast-check']).join('\n'),
      );
      files.set(`${folder}/forbidden.ts`, fixture(['../src/main.ts']).join('\n'));
    }
    findings = await lint(Object.fromEntries(files), 'no-restricted-imports');
  });

  const refusedLines = (path: string): readonly number[] => {
    const here = findings.filter(({ file }) => file === path);
    return [...new Set(here.map(({ line }) => line))].toSorted((a, b) => a - b);
  };
  const refused = (path: string, lines: readonly string[]) => refusedLines(path).map((line) => lines[line - 1]);

  for (const name of Object.keys(rooms)) {
    it(`${name}/ may import what its row of the matrix allows, and nothing else`, () => {
      const mine = fixtures.filter(({ room }) => room === name);
      assert.equal(mine.length, 4);
      for (const { path, lines, refused: must } of mine) {
        assert.ok(lines.length >= forms.length, `${path} asks about nothing`);
        assert.deepEqual(refused(path, lines), must ? lines : [], path);
      }
    });
  }

  it('the composition root may import every room, and no other file of src/ lies outside of one', () => {
    assert.deepEqual(refused('src/main.ts', everything), []);
    assert.deepEqual(refused('src/elsewhere.ts', everything), everything);
  });

  it('a file that lies too deep in its room may import nothing', () => {
    assert.equal(refusedLines('src/types/too/deep/a.ts').length, forms.length);
  });

  for (const folder of ['test', 'bench', 'tools']) {
    it(`${folder}/ may import every room, and never the worker's entry`, () => {
      assert.deepEqual(refusedLines(`${folder}/allowed.ts`), []);
      assert.equal(refusedLines(`${folder}/forbidden.ts`).length, forms.length);
    });
  }
});

it('the committed .oxlintrc.json is what tools/lint-rules.ts makes of the matrix', async () => {
  assert.equal(await readFile(new URL('.oxlintrc.json', root), 'utf8'), await lintConfiguration(root));
});
