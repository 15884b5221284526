import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Blobs } from '../../src/delivery/blobs.ts';
import type { LogFolder } from '../../src/delivery/log-folder.ts';
import { Routes } from '../../src/delivery/routes.ts';
import { Sink } from '../../src/delivery/sink.ts';
import type { SinkGap } from '../../src/delivery/sink.ts';
import { stateFile } from '../../src/delivery/state-file.ts';
import { blobOf, hour, testLog, vaultId } from './log.ts';
import type { TestLog } from './log.ts';
import { failsAt, MemoryBlobs } from './memory-blobs.ts';

interface Opened {
  readonly sink: Sink;
  readonly gaps: readonly SinkGap[];
  readonly notices: readonly string[];
}

interface Opening {
  readonly vaults?: readonly string[];
  readonly sinceMs?: number;
  readonly folder?: LogFolder;
}

/** The sink as a process opens it that has just started. */
function open(
  log: TestLog,
  blobs: MemoryBlobs,
  { vaults = ['one', 'two'], sinceMs = 0, folder }: Opening = {},
): Opened {
  const routes = new Routes();
  const gaps: SinkGap[] = [];
  const notices: string[] = [];
  for (const vault of vaults) routes.set(vaultId(vault), true, sinceMs);
  const sink = new Sink({
    name: 'storage/logs',
    statePath: stateFile(log.directory, 'storage/logs'),
    folder: folder ?? log.look(),
    destination: new Blobs(blobs),
    routes,
    sinceMs,
    isHeld: () => false,
    nowMs: () => hour.startMs,
    notice: (message) => notices.push(message),
    recordGap: async (gap) => void gaps.push(gap),
  });
  return { sink, gaps, notices };
}

const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

test('a process that ends at any moment of a delivery loses nothing and repeats nothing', async () => {
  let moments = 0;
  for (let nth = 1; nth === moments + 1; nth += 1) {
    using log = testLog();
    const blobs = new MemoryBlobs();
    const first = [log.write('one', 3), log.write('two', 2)];
    const { at, happened } = failsAt(nth);
    blobs.at = at;
    // The sink is left as a killed process leaves it, with what it wrote down.
    await open(log, blobs).sink.pump();
    const second = [log.write('two', 1), log.write('one', 4)];
    log.rotate();
    const third = [log.write('one', 2)];
    await open(log, blobs).sink.pump();
    await open(log, blobs).sink.stop();
    assert.equal(
      blobs.text(blobOf('one')),
      textOf([first[0], second[1], third[0]].flatMap((lines) => lines ?? [])),
      String(nth),
    );
    assert.equal(blobs.text(blobOf('two')), textOf([first[1], second[0]].flatMap((lines) => lines ?? [])), String(nth));
    if (happened()) moments = nth;
  }
  assert.ok(moments >= 8, 'open and append, before and after, of two blobs');
});

test('an answer that was lost is not a reason to send again', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const lines = log.write('one', 3);
  const { sink, notices } = open(log, blobs);
  // Open, before and after; append, before; then the answer to the append is lost.
  blobs.at = failsAt(4).at;
  await sink.pump();
  assert.match(notices.join(), /cannot be delivered to storage\/logs \(memory\) yet.*lets it fail after append/);
  await sink.stop();
  assert.equal(blobs.text(blobOf('one')), textOf(lines));
  assert.match(notices.join(), /delivered to storage\/logs \(memory\) again/);
});

test('what another writer appended stays, and ours goes behind it', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const first = log.write('one', 1);
  const folder = log.look();
  const { sink } = open(log, blobs, { folder });
  await sink.pump();
  const other = Buffer.from(textOf(first));
  await blobs.append(blobOf('one'), other.length, Buffer.from('other\n'));
  const second = log.write('one', 1);
  folder.refresh({ final: true });
  await sink.pump();
  assert.equal(blobs.text(blobOf('one')), `${textOf(first)}other\n${textOf(second)}`);
});

test('a blob that takes no more blocks is followed by another one', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs(2);
  const written: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    written.push(...log.write('one', 1));
    await open(log, blobs).sink.stop();
  }
  const parts = ['PT1H.json', 'PT1H_2.json', 'PT1H_3.json'].map((name) => blobOf('one').replace('PT1H.json', name));
  assert.deepEqual([...blobs.blobs.keys()], parts);
  assert.equal(parts.map((part) => blobs.text(part)).join(''), textOf(written));
});

test('a blob becomes full while its position is still believed', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs(2);
  const folder = log.look();
  const { sink } = open(log, blobs, { folder });
  const first = log.write('one', 1);
  folder.refresh({ final: true });
  await sink.pump();
  // As if Azure counted a block more.
  for (const blob of blobs.blobs.values()) blob.blocks = 2;
  const second = log.write('one', 1);
  folder.refresh({ final: true });
  await sink.pump();
  assert.equal(blobs.text(blobOf('one')), textOf(first));
  assert.equal(blobs.text(blobOf('one').replace('PT1H', 'PT1H_2')), textOf(second));
});

test('only what the settings name is delivered, of requests that arrived since', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  log.write('one', 5);
  const sinceMs = hour.startMs + 60;
  const after = log.write('one', 2);
  log.write('other', 1);
  await open(log, blobs, { sinceMs }).sink.stop();
  assert.deepEqual([...blobs.blobs.keys()], [blobOf('one')]);
  assert.equal(blobs.text(blobOf('one')), textOf(after));
});

test('of the current file only what was there at the last look is read', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const lines = log.write('one', 2);
  const folder = log.look();
  const { sink } = open(log, blobs, { folder });
  // A write that failed halfway, and is cut off before the next look.
  appendFileSync(join(log.directory, 'audit.jsonl'), `${lines[0]}\n`);
  folder.refresh();
  await sink.pump();
  assert.equal(blobs.text(blobOf('one')), textOf(lines));
  truncateSync(join(log.directory, 'audit.jsonl'), textOf(lines).length);
  const more = log.write('one', 1);
  folder.refresh();
  folder.refresh();
  await sink.pump();
  assert.equal(blobs.text(blobOf('one')), textOf([...lines, ...more]));
});

test('a file that is gone is a gap, unless it was delivered before', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  log.write('one', 2);
  const delivered = open(log, blobs);
  await delivered.sink.stop();
  log.rotate();
  rmSync(join(log.directory, 'audit.1.jsonl'));
  log.write('one', 1);
  const known = open(log, blobs);
  await known.sink.pump();
  assert.deepEqual(known.gaps, []);
  // This one ends without having said that it is at the end.
  log.rotate();
  rmSync(join(log.directory, 'audit.1.jsonl'));
  const last = log.write('one', 1);
  const unknown = open(log, blobs);
  await unknown.sink.pump();
  const time = (n: number) => `${new Date(hour.startMs + n * 10).toISOString().slice(0, -1)}0000Z`;
  assert.deepEqual(unknown.gaps, [{ fromTime: time(3), toTime: time(4) }]);
  assert.ok(blobs.text(blobOf('one')).endsWith(textOf(last)));
});

test('a file that is given up is a gap of its size, and the next one is delivered', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const lost = log.write('one', 3);
  log.rotate();
  const kept = log.write('one', 1);
  const { sink, gaps } = open(log, blobs);
  blobs.at = () => {
    throw new Error('absent');
  };
  await sink.pump();
  assert.equal(await sink.skipFile(), true);
  assert.equal(gaps[0]?.bytes, textOf(lost).length);
  assert.equal(await sink.skipFile(), false, 'the current file is never given up');
  blobs.at = () => {};
  await sink.stop();
  assert.equal(blobs.text(blobOf('one')), textOf(kept));
});

test('copytruncate: what is written after the cut is delivered', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const folder = log.look();
  const { sink, gaps } = open(log, blobs, { folder });
  const first = log.write('one', 4);
  folder.refresh({ final: true });
  await sink.pump();
  writeFileSync(join(log.directory, 'audit.jsonl'), '');
  const second = log.write('one', 6);
  folder.refresh({ final: true });
  await sink.pump();
  assert.equal(blobs.text(blobOf('one')), textOf([...first, ...second]));
  assert.deepEqual(gaps, []);
});

test('a state that was spoiled is a new start, and no state holds more than names and figures', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const lines = log.write('one', 1);
  await open(log, blobs).sink.stop();
  const path = stateFile(log.directory, 'storage/logs');
  const state = JSON.parse(readFileSync(path, 'utf8')) as object;
  assert.deepEqual(Object.keys(state).toSorted(), [
    'atEnd',
    'deliveredAt',
    'gaps',
    'position',
    'records',
    'sinceMs',
    'sink',
    'target',
  ]);
  writeFileSync(path, 'not JSON');
  await open(log, blobs, { sinceMs: hour.startMs + 3_600_000 }).sink.stop();
  assert.equal(blobs.text(blobOf('one')), textOf(lines));
});
