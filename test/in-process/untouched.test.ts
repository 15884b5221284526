import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('eight servers start at the same time, and nothing of the process is changed or left', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-untouched-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(import.meta.dirname, 'untouched-program.ts');
  const env = { PATH: process.env['PATH'], TMPDIR: folder, HOME: folder };
  const ran = spawnSync(process.execPath, [program], { env, cwd: folder, encoding: 'utf8', timeout: 60_000 });
  assert.deepEqual([ran.status, ran.signal, ran.stderr], [0, null, '']);
  const [line = '', ...others] = ran.stdout.split('\n');
  assert.deepEqual(others, ['']);
  const found = JSON.parse(line) as Found;
  assert.deepEqual(found.during, found.before);
  assert.deepEqual(found.after, found.before);
  assert.deepEqual(found.left, []);
  assert.deepEqual(found.read, Array(8).fill('hello from the open vault'));
  assert.deepEqual([found.urls, found.tenants, found.denied], [8, 8, 8]);
  // Each has the records of its own requests alone: a secret that was read, and one that was refused.
  assert.deepEqual(new Set(found.records).size, 1);
  assert.ok((found.records[0] ?? 0) >= 2, found.records.join());
});

interface Found {
  readonly before: unknown;
  readonly during: unknown;
  readonly after: unknown;
  readonly left: readonly string[];
  readonly read: readonly string[];
  readonly urls: number;
  readonly tenants: number;
  readonly denied: number;
  readonly records: readonly number[];
}
