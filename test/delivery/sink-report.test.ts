import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Blobs } from '../../src/delivery/blobs.ts';
import { DeliveryFailed } from '../../src/delivery/failed.ts';
import { Routes } from '../../src/delivery/routes.ts';
import { Sink } from '../../src/delivery/sink.ts';
import { stateFile } from '../../src/delivery/state-file.ts';
import { hour, testLog, vaultId } from './log.ts';
import { MemoryBlobs } from './memory-blobs.ts';

test('a sink reports how far it is: what waits, what was delivered, and why it fails', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const bytesOf = (lines: readonly string[]) => lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  const first = bytesOf(log.write('one', 3));
  const folder = log.look();
  const routes = new Routes();
  const sink = new Sink({
    name: 'storage/logs',
    statePath: stateFile(log.directory, 'storage/logs'),
    folder,
    destination: new Blobs(blobs),
    routes,
    sinceMs: 0,
    isHeld: () => false,
    nowMs: () => hour.startMs,
    notice: () => {},
    recordGap: async () => {},
  });
  routes.set(vaultId('one'), true, 0);
  const nothing = { name: 'storage/logs', records: 0, gaps: 0 };
  assert.deepEqual(sink.report, { ...nothing, backlogBytes: first });
  await sink.pump();
  assert.deepEqual(sink.report, { ...nothing, records: 3, backlogBytes: 0 });
  blobs.at = () => {
    throw new DeliveryFailed('403', 0);
  };
  const second = bytesOf(log.write('one', 2));
  folder.refresh();
  folder.refresh();
  await sink.pump();
  const { failure, ...others } = sink.report;
  assert.deepEqual(others, { ...nothing, records: 3, backlogBytes: second });
  assert.match(failure?.message ?? '', /403/);
  blobs.at = () => {};
  await sink.stop();
  assert.deepEqual(sink.report, { ...nothing, records: 5, backlogBytes: 0 });
});
