import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { auditSinks } from '../../src/cli/commands/audit-sinks.ts';
import { CommandFailed } from '../../src/cli/failed.ts';
import { Blobs } from '../../src/delivery/blobs.ts';
import { DeliveryFailed } from '../../src/delivery/failed.ts';
import { Routes } from '../../src/delivery/routes.ts';
import { Sink } from '../../src/delivery/sink.ts';
import { stateFile } from '../../src/delivery/state-file.ts';
import { hour, testLog, vaultId } from '../delivery/log.ts';
import type { TestLog } from '../delivery/log.ts';
import { MemoryBlobs } from '../delivery/memory-blobs.ts';

function sinkOf(log: TestLog, blobs: MemoryBlobs): Sink {
  const routes = new Routes();
  routes.set(vaultId('one'), true, 0);
  return new Sink({
    name: 'storage/logs',
    statePath: stateFile(log.directory, 'storage/logs'),
    folder: log.look(),
    destination: new Blobs(blobs),
    routes,
    sinceMs: 0,
    isHeld: () => false,
    nowMs: () => hour.startMs,
    notice: () => {},
    recordGap: async () => {},
  });
}

function printed(log: TestLog, flags: readonly string[] = []) {
  return auditSinks.run({ data: dirname(log.directory) }, { flags: new Set(flags), operands: [] });
}

test('a sink is printed with what it has, what is left, and why it takes nothing', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  log.write('one', 3);
  await sinkOf(log, blobs).stop();
  assert.deepEqual(await printed(log), {
    output:
      'storage/logs  memory\n' +
      '  3 records delivered, the last at 2026-01-31T12:00:00.000Z; 0 bytes of the log (0 records) not read yet',
    exitStatus: 0,
  });
  const lines = [...log.write('one', 1)];
  log.rotate();
  lines.push(...log.write('one', 1));
  blobs.at = () => {
    throw new DeliveryFailed('It refused to append to a blob: 403 AuthenticationFailed.\u001B[2J');
  };
  await sinkOf(log, blobs).stop();
  const bytes = lines.reduce((all, line) => all + line.length + 1, 0);
  assert.deepEqual(await printed(log), {
    output:
      'storage/logs  memory\n' +
      `  3 records delivered, the last at 2026-01-31T12:00:00.000Z; ${bytes} bytes of the log (2 records) not read yet\n` +
      '  failing since 2026-01-31T12:00:00.000Z: It refused to append to a blob: 403 AuthenticationFailed.?[2J',
    exitStatus: 1,
  });
});

test('a sink that has no place in the log yet is told from one whose place is gone', async () => {
  using log = testLog();
  log.write('one', 1);
  mkdirSync(join(log.directory, 'sinks'));
  const state = { sink: 'storage/logs', target: 'memory', sinceMs: 0, atEnd: false, records: 0, gaps: 0 };
  const left = async (position?: object) => {
    writeFileSync(join(log.directory, 'sinks', 'storage-logs.json'), JSON.stringify({ ...state, position }));
    return /; (.+)"/.exec(JSON.stringify(await printed(log)).replace(',"exitStatus":0}', ''))?.[1];
  };
  assert.equal(await left(), 'nothing of the log read yet');
  const gone = { file: { head: 'of another file', firstTime: '' }, offset: 0 };
  assert.equal(await left(gone), 'its place in the log is gone');
});

test('a log without sinks, and a state that was spoiled', async () => {
  using log = testLog();
  log.write('one', 1);
  assert.deepEqual(await printed(log), { output: 'No setting names a sink.', exitStatus: 0 });
  mkdirSync(join(log.directory, 'sinks'));
  writeFileSync(join(log.directory, 'sinks', 'storage-logs.json'), '{');
  assert.deepEqual(await printed(log, ['json']), { output: '[]', exitStatus: 0 });
});

test('a link in place of the folder of the states, or of the log, is not followed', async () => {
  using log = testLog();
  log.write('one', 1);
  await sinkOf(log, new MemoryBlobs()).stop();
  assert.match(JSON.stringify(await printed(log)), /"storage\/logs {2}memory/);
  const elsewhere = mkdtempSync(join(tmpdir(), 'postern-elsewhere-'));
  try {
    for (const [linked, moved] of [
      [join(log.directory, 'sinks'), join(elsewhere, 'sinks')],
      [log.directory, join(elsewhere, 'audit')],
    ] as const) {
      renameSync(linked, moved);
      symlinkSync(moved, linked);
      await assert.rejects(
        async () => printed(log),
        (error) => error instanceof CommandFailed && /cannot be read: E(?:LOOP|NOTDIR)\b/.test(error.message),
      );
      rmSync(linked);
      renameSync(moved, linked);
    }
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
  assert.match(JSON.stringify(await printed(log)), /"storage\/logs {2}memory/, 'the folders themselves are read');
});
