import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ruleProfiles } from '../../src/firewall/profiles.ts';
import { parseSeed } from '../../src/seed/read-seed.ts';

test('the example is a seed, and its $schema leads to the published one', () => {
  const path = join(import.meta.dirname, '../../examples/seed/world.json');
  const contents = readFileSync(path, 'utf8');
  const read = parseSeed(contents, ruleProfiles.documented);
  assert.ok(read.ok, JSON.stringify(read));
  assert.deepEqual(Object.keys(read.seed.vaults), ['app', 'open']);
  const schema = join(path, '..', read.seed.$schema ?? '');
  assert.match(readFileSync(schema, 'utf8'), /"title": "A seed of Postern"/);
});
