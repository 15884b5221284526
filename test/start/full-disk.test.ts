import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import { dataFolder } from '../world/process.ts';
import { onTinyDisk } from '../world/tiny-disk.ts';

const behaviour = 'a disk that is full for a while: what goes on after its answer ends without a restart';

test(behaviour, () => {
  using disk = dataFolder();
  const program = new URL('full-disk-scenario.ts', import.meta.url).pathname;
  const command = [process.execPath, program, disk.path];
  const run = onTinyDisk(disk.path, command, { size: '48m', timeoutMs: 240_000 });
  if (run === undefined) {
    notRun(behaviour, 'it needs a small tmpfs, and this machine allows no mount namespace');
    return;
  }
  assert.equal(run.stderr, '');
  assert.equal(run.stdout, 'done\n');
  assert.equal(run.status, 0);
});
