import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { it } from 'node:test';
import { pictures } from '../../tools/pictures.ts';
import { recordMap } from '../../tools/record-map.ts';
import { withStepTables } from '../../tools/step-tables.ts';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

it('docs/reference/records.md has every kind of record that the rooms declare, and no other', async () => {
  assert.equal(await read('docs/reference/records.md'), await recordMap(), 'run "npm run check -- --write"');
});

it('docs/explanation/requests.md has the steps of every edge in their order', async () => {
  const page = await read('docs/explanation/requests.md');
  assert.equal(page, await withStepTables(page), 'run "npm run check -- --write"');
});

it('docs/pictures/ has what tools/pictures.ts draws, and nothing else', async () => {
  const folder = await readdir(new URL('../../docs/pictures/', import.meta.url));
  assert.deepEqual(folder.toSorted(), [...pictures.keys()].toSorted());
  for (const [name, picture] of pictures) {
    assert.equal(await read(`docs/pictures/${name}`), picture, `${name}: run "npm run check -- --write"`);
  }
});
