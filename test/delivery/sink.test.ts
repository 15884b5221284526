import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Blobs } from '../../src/delivery/blobs.ts';
import { DeliveryFailed } from '../../src/delivery/failed.ts';
import type { ListedFile, LogFolder } from '../../src/delivery/log-folder.ts';
import { Routes } from '../../src/delivery/routes.ts';
import { Sink } from '../../src/delivery/sink.ts';
import type { SinkGap } from '../../src/delivery/sink-parts.ts';
import { stateFile } from '../../src/delivery/state-file.ts';
import { blobOf, hour, testLog, vaultId } from './log.ts';
import type { TestLog } from './log.ts';
import { failsAt, MemoryBlobs } from './memory-blobs.ts';

interface Opened {
  readonly sink: Sink;
  readonly routes: Routes;
  readonly gaps: readonly SinkGap[];
  readonly notices: readonly string[];
}

interface Opening {
  readonly vaults?: readonly string[];
  readonly sinceMs?: number;
  readonly folder?: LogFolder;
  readonly isTooMuch?: (ahead: readonly ListedFile[]) => boolean;
}

const statePath = (log: TestLog) => stateFile(log.directory, 'storage/logs');
const stateOf = (log: TestLog) => JSON.parse(readFileSync(statePath(log), 'utf8')) as Readonly<Record<string, unknown>>;

/** The sink as a process opens it that has just started. */
function open(
  log: TestLog,
  blobs: MemoryBlobs,
  { vaults = ['one', 'two'], sinceMs = 0, folder, isTooMuch }: Opening = {},
): Opened {
  const routes = new Routes();
  const gaps: SinkGap[] = [];
  const notices: string[] = [];
  const sink = new Sink({
    name: 'storage/logs',
    statePath: statePath(log),
    folder: folder ?? log.look(),
    destination: new Blobs(blobs),
    routes,
    sinceMs,
    isHeld: () => false,
    ...(isTooMuch && { isTooMuch }),
    nowMs: () => hour.startMs,
    notice: (message) => notices.push(message),
    recordGap: async (gap) => void gaps.push(gap),
  });
  for (const vault of vaults) routes.set(vaultId(vault), true, sink.sinceMs);
  return { sink, routes, gaps, notices };
}

/** A process that is killed at the nth moment: state and blobs are as they were then. False: it came to its end before. */
async function killedAt(nth: number, log: TestLog, blobs: MemoryBlobs, opening?: Opening): Promise<boolean> {
  const { at, happened } = failsAt(nth);
  const copy = join(log.directory, '../state');
  const kept = new Map<string, { bytes: Buffer; blocks: number }>();
  blobs.at = (when) => {
    if (happened()) return;
    try {
      at(when);
    } catch (error) {
      for (const [name, blob] of blobs.blobs) kept.set(name, { ...blob });
      copyFileSync(statePath(log), copy);
      throw error;
    }
  };
  await open(log, blobs, opening).sink.pump();
  blobs.at = () => {};
  if (!happened()) return false;
  copyFileSync(copy, statePath(log));
  blobs.blobs.clear();
  for (const [name, blob] of kept) blobs.blobs.set(name, blob);
  return true;
}

const timeOf = (number: number) => `${new Date(hour.startMs + number * 10).toISOString().slice(0, -1)}0000Z`;

const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

test('processes that are killed at any two moments lose nothing and repeat nothing', async () => {
  // The setting came after the first record: a process that goes on must not take that one.
  const sinceMs = hour.startMs + 15;
  let killed = 0;
  let pairs = 0;
  for (let nth = 1, isLast = false; !isLast; nth += 1) {
    for (let later = 1, isOver = false; !isOver; later += 1) {
      using log = testLog();
      const blobs = new MemoryBlobs();
      log.write('one', 1);
      const first = [log.write('one', 2), log.write('two', 2)];
      isLast = !(await killedAt(nth, log, blobs, { sinceMs }));
      const second = [log.write('two', 1), log.write('one', 4)];
      log.rotate();
      const third = [log.write('one', 2)];
      isOver = !(await killedAt(later, log, blobs, { sinceMs }));
      await open(log, blobs, { sinceMs }).sink.stop();
      const when = `${nth}, ${later}`;
      const wanted = { one: [first[0], second[1], third[0]], two: [first[1], second[0]] };
      for (const [vault, lines] of Object.entries(wanted)) {
        assert.equal(blobs.text(blobOf(vault)), textOf(lines.flatMap((some) => some ?? [])), `${vault}: ${when}`);
      }
      if (!isLast) killed = Math.max(killed, nth);
      pairs += 1;
    }
  }
  assert.ok(killed >= 8, 'open and append, before and after, of two blobs');
  assert.ok(pairs >= killed * 8, String(pairs));
});

test('a second attempt delivers what the first one would have', async () => {
  for (let nth = 1; nth <= 4; nth += 1) {
    using log = testLog();
    const blobs = new MemoryBlobs();
    log.write('one', 3);
    const after = log.write('one', 2);
    const { sink, notices } = open(log, blobs, { sinceMs: hour.startMs + 35 });
    blobs.at = failsAt(nth).at;
    await sink.pump();
    assert.match(notices.join(), /the test lets it fail/);
    await sink.stop();
    assert.equal(blobs.text(blobOf('one')), textOf(after), String(nth));
  }
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
  assert.deepEqual(unknown.gaps, [{ fromTime: timeOf(3), toTime: timeOf(4) }]);
  assert.ok(blobs.text(blobOf('one')).endsWith(textOf(last)));
});

test('a file that is given up is a gap of its size, and the next one is delivered', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const lost = log.write('one', 3);
  log.rotate();
  const kept = log.write('one', 1);
  let isTooMuch = false;
  const { sink, gaps, notices } = open(log, blobs, { isTooMuch: () => isTooMuch });
  blobs.at = () => {
    throw new Error('absent');
  };
  await sink.pump();
  assert.deepEqual(stateOf(log)['position'], { file: log.look().files[0]?.id, offset: 0 });
  // It waits after its failure, and gives up nevertheless; but never the current file.
  isTooMuch = true;
  await sink.pump();
  assert.deepEqual(gaps, [{ fromTime: timeOf(1), toTime: timeOf(4), bytes: textOf(lost).length }]);
  assert.match(
    notices.join(),
    /between 2026-01-31T12:00:00.0100000Z and .* were not delivered to storage\/logs \(memory\)/,
  );
  blobs.at = () => {};
  await sink.stop();
  assert.equal(gaps.length, 1);
  assert.equal(blobs.text(blobOf('one')), textOf(kept));
});

test('a sink that is slower than the log gives up files while it works', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const folder = log.look();
  const { sink, gaps } = open(log, blobs, { folder, isTooMuch: (ahead) => ahead.length > 2 });
  log.write('one', 1);
  folder.refresh({ final: true });
  let rounds = 3;
  blobs.at = (when) => {
    if (when !== 'after append' || (rounds -= 1) < 0) return;
    for (const vault of ['one', 'two', 'one']) {
      log.rotate();
      log.write(vault, 1);
    }
    folder.refresh({ final: true });
  };
  await sink.pump();
  // Three files come while it delivers one. Of the first three one is too many; nothing is missing of the file that it delivered.
  assert.deepEqual(
    gaps.map(({ bytes }) => (bytes ?? 0) > 0),
    [true, true, true, true, true],
  );
  assert.equal(sink.isDone, true);
});

test('a failure is over when nothing waits any more, and a new one is said at once', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  log.write('one', 1);
  log.rotate();
  log.write('other', 1);
  let reason = '403';
  blobs.at = () => {
    throw new DeliveryFailed(reason, 0);
  };
  let isTooMuch = false;
  const { sink, notices } = open(log, blobs, { isTooMuch: () => isTooMuch });
  await sink.pump();
  await open(log, blobs).sink.stop();
  reason = 'the container is not there';
  await sink.stop();
  assert.deepEqual(
    notices.map((notice) => /log\. (?<reason>.*)$/.exec(notice)?.groups?.['reason']),
    ['403', 'the container is not there'],
  );
  isTooMuch = true;
  const later = open(log, blobs, { isTooMuch: () => isTooMuch });
  await later.sink.pump();
  assert.equal(later.sink.isDone, true);
  assert.equal(stateOf(log)['failure'], undefined);
  assert.match(later.notices.join(), /No audit records wait for storage\/logs \(memory\) any more/);
});

test('a state that cannot be written is a failure, and nothing is sent that is not written down', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const lines = log.write('one', 1);
  const { sink, notices } = open(log, blobs);
  const states = join(log.directory, 'sinks');
  rmSync(states, { recursive: true });
  writeFileSync(states, '');
  for (let attempt = 0; attempt < 2; attempt += 1) await sink.stop();
  assert.match(notices.join(), /yet; they wait in the audit log\. E(EXIST|NOTDIR)/);
  assert.equal(blobs.text(blobOf('one')), '');
  rmSync(states);
  const later = open(log, blobs);
  await later.sink.stop();
  assert.equal(blobs.text(blobOf('one')), textOf(lines));
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

test('a state holds no more than names and figures', async () => {
  using log = testLog();
  log.write('one', 1);
  await open(log, new MemoryBlobs()).sink.stop();
  const names = ['atEnd', 'deliveredAt', 'gaps', 'position', 'records', 'sinceMs', 'sink', 'spans', 'target'];
  assert.deepEqual(Object.keys(stateOf(log)).toSorted(), names);
});

test('a state that cannot be read is said and a gap, and it goes on with the records since the last start', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  log.write('one', 1);
  const sinceMs = hour.startMs + 15;
  const since = log.write('one', 1);
  mkdirSync(join(log.directory, 'sinks'));
  writeFileSync(statePath(log), '{"sink"');
  const { sink, gaps, notices } = open(log, blobs, { sinceMs });
  assert.equal(readFileSync(statePath(log), 'utf8'), '{"sink"', 'until the gap has a record, a later process finds it');
  await sink.stop();
  assert.deepEqual(gaps, [{ fromTime: '', toTime: '2026-01-31T12:00:00.015Z' }]);
  assert.match(notices.join(), /^The state of the delivery to storage\/logs \(memory\) cannot be read/);
  assert.equal(blobs.text(blobOf('one')), textOf(since));
  assert.equal(stateOf(log)['gaps'], 1);
  const later = open(log, blobs);
  await later.sink.stop();
  assert.deepEqual([later.gaps, later.notices], [[], []]);
  assert.equal(blobs.text(blobOf('one')), textOf(since));
});

test('a sink that is behind has the records of a later setting since that setting, also in a later process', async () => {
  using log = testLog();
  const blobs = new MemoryBlobs();
  const before = log.write('one', 1);
  await open(log, blobs, { vaults: ['one'] }).sink.stop();
  log.write('two', 2);
  const behind = open(log, blobs, { vaults: ['one'] });
  behind.routes.set(vaultId('two'), true, hour.startMs + 35);
  behind.sink.noteRoutes();
  const after = log.write('two', 2);
  await open(log, blobs).sink.stop();
  assert.equal(blobs.text(blobOf('one')), textOf(before));
  assert.equal(blobs.text(blobOf('two')), textOf(after));
});
