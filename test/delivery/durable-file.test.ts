import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile } from '../../src/delivery/durable-file.ts';
import { dropStates, noteStart, stateFile } from '../../src/delivery/state-file.ts';

const module = new URL('../../src/delivery/durable-file.ts', import.meta.url).href;

/** Replaces the file in a process whose files can be 512 bytes long: the write that crosses that takes a part (write(2)). */
function replaceWithin512(path: string, text: string): string {
  const code = `import { replaceFile } from '${module}';
    try { replaceFile(process.env.FILE, process.env.TEXT); console.log('replaced'); } catch (error) { console.log(error.code); }`;
  const shell = `trap '' XFSZ; ulimit -f 1; exec '${process.execPath}' --input-type=module -e "$CODE"`;
  const env = { ...process.env, CODE: code, FILE: path, TEXT: text };
  return execFileSync('/bin/sh', ['-c', shell], { encoding: 'utf8', env }).trim();
}

test('a write that the disk takes in part leaves the file as it was', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'postern-durable-'));
  const path = join(folder.path, 'state.json');
  replaceFile(path, 'before');
  assert.equal(replaceWithin512(path, 'x'.repeat(2000)), 'EFBIG');
  assert.equal(readFileSync(path, 'utf8'), 'before');
  assert.deepEqual(readdirSync(folder.path), ['state.json'], 'what was not finished is gone');
  assert.equal(replaceWithin512(path, 'x'.repeat(500)), 'replaced');
  assert.equal(readFileSync(path, 'utf8'), 'x'.repeat(500));
});

test('the time of the start follows no link, and a folder among the states is left alone', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'postern-durable-'));
  const elsewhere = join(folder.path, 'elsewhere');
  writeFileSync(elsewhere, '1000');
  const states = join(folder.path, 'sinks');
  mkdirSync(join(states, 'folder'), { recursive: true });
  symlinkSync(elsewhere, join(states, 'start'));
  assert.equal(noteStart(folder.path, 2000), 2000, 'what the link names is not read');
  assert.equal(readFileSync(elsewhere, 'utf8'), '1000');
  assert.equal(lstatSync(join(states, 'start')).mode & 0o777, 0o600);
  assert.equal(noteStart(folder.path, 3000), 2000);
  for (const name of ['storage/kept', 'storage/dropped'] as const) replaceFile(stateFile(folder.path, name), '{}');
  dropStates(folder.path, new Set(['storage/kept']));
  assert.deepEqual(readdirSync(states).toSorted(), ['folder', 'start', 'storage-kept.json']);
});
