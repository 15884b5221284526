import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { platformRefused } from '../../src/supervisor/platform.ts';
import { dataFolder } from '../world/process.ts';

const main = join(import.meta.dirname, '../../bin/main.mjs');

test('only Windows is refused, with both ways out', () => {
  for (const platform of ['linux', 'darwin', 'freebsd']) assert.equal(platformRefused(platform), undefined);
  assert.match(platformRefused('win32') ?? '', /^"postern start" does not run on Windows, .* WSL, .* startPostern, /);
});

test('the start on a Node that says it is on Windows prints that line, and makes nothing', () => {
  using folder = dataFolder();
  const claim = 'data:text/javascript,Object.defineProperty(process,"platform",{value:"win32"})';
  const data = join(folder.path, 'data');
  const words = [`--import=${claim}`, main, 'start', '--data', data];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.deepEqual(
    { status, stdout, stderr },
    { status: 1, stdout: '', stderr: `postern: ${platformRefused('win32')}\n` },
  );
  assert.ok(!existsSync(data));
});
