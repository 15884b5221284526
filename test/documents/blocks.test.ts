import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { blocksOf, isShown, stepsOf } from './blocks.ts';
import { unresolved } from './resolve.ts';

const page = `# A

## First

\`\`\`sh
one \\
  two
\`\`\`

It prints:

\`\`\`text
three
\`\`\`

Save this as \`a.json\`:

\`\`\`json
{}
\`\`\`

## Second

\`\`\`console
$ four \\
    five
six
$ seven
\`\`\`

\`\`\`yaml
steps:
  - run: eight
  - name: x
    run: |
      nine
      ten
  - uses: y
\`\`\`
`;

suite('the steps of a page', () => {
  test('are its commands, with what they print', () => {
    assert.deepEqual(stepsOf(blocksOf(page)), [
      { line: 5, section: 'First', command: 'one \\\n  two\n', shown: 'three\n' },
      { line: 25, section: 'Second', command: 'four \\\n    five', shown: 'six' },
      { line: 28, section: 'Second', command: 'seven', shown: '' },
      { line: 33, section: 'Second', command: 'eight', shown: undefined },
      {
        line: 35,
        section: 'Second',
        command: 'bash -e <<\'RUN\'\n      nine\n      ten\nRUN\nset -a; . "$GITHUB_ENV"; set +a',
        shown: undefined,
      },
    ]);
  });

  test('have the files that the reader is to save', () => {
    const saved = blocksOf(page).map(({ savedAs }) => savedAs);
    assert.deepEqual(saved, [undefined, undefined, 'a.json', undefined, undefined]);
  });
});

suite('what a page shows', () => {
  const id = '50a229a9-0000-4000-8000-000000000001';
  const cases: readonly (readonly [shown: string, printed: string, same: boolean])[] = [
    ['a\nb\n', 'a\nb\n', true],
    ['a\nb\n', 'a\nb', true],
    ['a\nb\n', 'a\nb\nc\n', false],
    ['a\n', 'A\n', false],
    ['a.c\n', 'abc\n', false],
    ['a…c\n', 'abbc\n', true],
    ['a…c\n', 'ab\nbc\n', false],
    ['a\n…\nd\n', 'a\nb\nc\nd\n', true],
    ['a\n…\nd\n', 'a\nd\n', true],
    ['a\n…\nd\n', 'a\nb\n', false],
    [`appid=${id};x`, 'appid=00000000-0000-4000-8000-00000000000a;x', true],
    [`appid=${id};x`, 'appid=none;x', false],
    ['appid=50a229a9-…;x', 'appid=11111111-0000-4000-8000-00000000000a;x', true],
    ['/2a1366f713653b66fd4ceecfeab7af6d"', '/00000000000000000000000000000000"', true],
    ['at 2026-11-26T08:58:50.039Z', 'at 2027-01-01T00:00:00Z', true],
    ['at 2026-11-26T08:58:50.039Z', 'at noon', false],
  ];
  for (const [shown, printed, same] of cases) {
    test(`${JSON.stringify(shown)} ${same ? 'is' : 'is not'} ${JSON.stringify(printed)}`, () => {
      assert.equal(isShown(shown, printed), same);
    });
  }
});

suite('a command in a document', () => {
  const known = { paths: ['docs/a.md', 'examples/b/c.sh'], scripts: ['bench'] };
  const cases: readonly (readonly [code: string, faults: readonly string[]])[] = [
    ['./bin/postern secret show --vault a --name b --from 127.0.0.7 | less', []],
    ['postern/bin/postern hosts --data "$(x)" --vaults a', []],
    ['curl -H "Authorization: Bearer $(./bin/postern token --resource $home)" --none', []],
    ['postern start --json --port 0 >ready.json &', []],
    ['postern listener open \\\n  --port 1 --subnet x', []],
    ['postern.db and postern: and /run/postern a', []],
    ['const postern = JSON.parse(x)', []],
    ['from postern import start_postern', []],
    ['postern secret lend', ['postern has no command secret lend']],
    ['postern explain --form 1', ['postern explain has no option --form']],
    ['postern token --vault a', ['postern token has no option --vault']],
    ['npm run bench -- pair', []],
    ['npm run benches', ['package.json has no script benches']],
    ['docs/a.md, docs/ and examples/b', []],
    ['docs/b.md and examples/c', ['there is no docs/b.md', 'there is no examples/c']],
    ['src/*/errors.ts and src/{a,b}.ts', []],
  ];
  for (const [code, faults] of cases) {
    test(`${JSON.stringify(code)} ${faults.length === 0 ? 'is resolved' : 'is refused'}`, () => {
      assert.deepEqual(unresolved(code, known), faults);
    });
  }

  test('of postern start is read by its own reader of options', () => {
    assert.match(unresolved('postern start --ports 1', known).join(), /--ports/);
  });
});
