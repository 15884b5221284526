import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { knownKinds } from '../../src/store/keys.ts';
import { everyKind } from '../../src/worker/every-kind.ts';

test('a program that reads backups knows each kind of record that the map of records has', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/records.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, pattern]) => pattern);
  assert.ok(listed.length > 50 && everyKind.format >= 1);
  assert.deepEqual(
    knownKinds().map(({ pattern }) => pattern),
    listed,
  );
});
