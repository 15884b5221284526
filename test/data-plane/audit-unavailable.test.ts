import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import { onTinyDisk } from '../world/tiny-disk.ts';

const behaviour = 'while its record cannot be written, no request discloses or changes anything; with space it heals';

test(behaviour, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-tiny-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const program = new URL('audit-unavailable-scenario.ts', import.meta.url).pathname;
  const run = onTinyDisk(directory, [process.execPath, program, directory]);
  if (run === undefined) {
    notRun(behaviour, 'it needs a tiny tmpfs, and this machine allows no mount namespace');
    return;
  }
  assert.equal(run.stderr, '');
  assert.equal(run.stdout, 'done\n');
  assert.equal(run.status, 0);
});
