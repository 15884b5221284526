import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { recordMap } from '../../tools/record-map.ts';

it('docs/records.md has every kind of record that the rooms declare, and no other', async () => {
  const page = await readFile(new URL('../../docs/records.md', import.meta.url), 'utf8');
  assert.equal(page, await recordMap(), 'run "npm run check -- --write"');
});
