import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { generatedPages } from '../../tools/generated-pages.ts';
import { withParts } from '../../tools/generated-parts.ts';
import { pictures } from '../../tools/pictures.ts';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

for (const [path, current] of Object.entries(generatedPages)) {
  it(`${path} says what the code says`, async () => {
    const page = await read(path);
    assert.equal(page, await current(page), 'run "npm run check -- --write"');
  });
}

it('docs/pictures/ has what tools/pictures.ts draws, and nothing else', async () => {
  const folder = await readdir(new URL('../../docs/pictures/', import.meta.url));
  assert.deepEqual(folder.toSorted(), [...pictures.keys()].toSorted());
  for (const [name, picture] of pictures) {
    assert.equal(await read(`docs/pictures/${name}`), picture, `${name}: run "npm run check -- --write"`);
  }
});

describe('the generated parts of a page', () => {
  const page = 'One.\n\n<!-- begin a -->\nold\n<!-- end -->\n\nTwo.\n';

  it('are replaced between their marks, and what is around them stays', () => {
    const current = 'One.\n\n<!-- begin a -->\n\nnew\n\n<!-- end -->\n\nTwo.\n';
    assert.equal(withParts(page, new Map([['a', 'new\n']])), current);
    assert.equal(withParts(current, new Map([['a', 'new\n']])), current);
  });

  it('need a place each, and each place needs a part', () => {
    assert.throws(() => withParts(page, new Map()), /nothing generates the part 'a'/);
    const parts = new Map([
      ['a', ''],
      ['b', ''],
    ]);
    assert.throws(() => withParts(page, parts), /the page has no place for: b/);
  });
});
