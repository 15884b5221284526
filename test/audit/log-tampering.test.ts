import assert from 'node:assert/strict';
import fs, {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openAudit } from '../../src/audit/audit.ts';
import { AuditUnavailable, openAuditLog } from '../../src/audit/log.ts';
import type { AuditLog, AuditLogSettings } from '../../src/audit/log.ts';
import { defaultQuota } from '../../src/audit/quota.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { linesOf, logFilesIn } from './log-lines.ts';
import { recordNamed } from './request-events.ts';

interface Opened {
  readonly directory: string;
  readonly file: string;
  readonly log: AuditLog;
  readonly notices: string[];
}

function open(t: TestContext, changes: Partial<AuditLogSettings> = {}): Opened {
  const outside = mkdtempSync(join(tmpdir(), 'postern-audit-'));
  const directory = join(outside, 'audit');
  const notices: string[] = [];
  const log = openAuditLog({
    directory,
    maxBytes: 1 << 20,
    files: 3,
    keepMs: 0,
    fsync: false,
    now: Date.now,
    notice: (message) => notices.push(message),
    ...changes,
  });
  t.after(async () => {
    await log.close().catch(() => undefined);
    rmSync(outside, { recursive: true });
  });
  return { directory, file: join(directory, 'audit.jsonl'), log, notices };
}

const line = (name: string) => JSON.stringify(recordNamed(name));
const namesIn = (directory: string) => linesOf(directory).map(({ correlationId }) => correlationId);
const namesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((text) => /"correlationId":"([^"]*)"/.exec(text)?.[1]);

/** The log looks for its file twice a second, so after this time it has. */
const lookMs = 1500;

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 50) {
    if (holds()) return;
    await pause(50);
  }
  assert.fail('it did not come to be within ten seconds');
}

suite('an audit log that another program', () => {
  test('removed gets a new file, with the records that went into the old one before this was noticed', async (t) => {
    const { file, log, notices } = open(t);
    await log.append(line('before'));
    await log.sync();
    rmSync(file);
    await log.append(line('unseen'));
    await until(() => existsSync(file));
    await log.append(line('after'));
    assert.deepEqual(namesOf(file), ['unseen', 'after']);
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /removed by another program; writing goes on in .*audit\.jsonl/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test('moved away continues in a new file, and nothing is in both', async (t) => {
    const { directory, file, log } = open(t);
    await log.append(line('before'));
    renameSync(file, join(directory, 'audit.jsonl-20260101'));
    await log.append(line('between'));
    await log.sync();
    await log.append(line('after'));
    assert.deepEqual(namesOf(join(directory, 'audit.jsonl-20260101')), ['before', 'between']);
    assert.deepEqual(namesOf(file), ['after']);
  });

  test('moved away is noticed by the sync of a record, and its file is closed once', async (t) => {
    const { file, log, notices } = open(t, { fsync: true });
    await log.append(line('before'));
    for (const round of [1, 2, 3]) {
      renameSync(file, `${file}-${round}`);
      await log.append(line(`between ${round}`));
      await log.sync();
      await log.append(line(`after ${round}`));
    }
    assert.deepEqual(
      notices.filter((notice) => !notice.includes('moved by another program')),
      [],
    );
    assert.equal(notices.length, 3);
    assert.deepEqual(namesOf(file), ['after 3']);
  });

  test('moved away and replaced by an empty file continues in that one', async (t) => {
    const { directory, file, log } = open(t);
    await log.append(line('before'));
    renameSync(file, join(directory, 'old'));
    writeFileSync(file, '');
    await until(() => statSync(file).mode === 0o100600);
    await log.append(line('after'));
    assert.deepEqual(namesOf(file), ['after']);
  });

  test('copied and emptied has the records written meanwhile at least once', async (t) => {
    const { directory, file, log, notices } = open(t);
    await log.append(line('before'));
    await log.sync();
    copyFileSync(file, join(directory, 'copy'));
    await log.append(line('between'));
    truncateSync(file, 0);
    await log.append(line('after'));
    await log.sync();
    await log.append(line('later'));
    assert.deepEqual(namesOf(join(directory, 'copy')), ['before']);
    assert.deepEqual(namesOf(file), ['after', 'between', 'after', 'later']);
    assert.match(notices[0] ?? '', /was cut by another program/);
  });

  test('cut inside a line has the next record on a line of its own', async (t) => {
    const { file, log } = open(t);
    await log.append(line('a'));
    await log.append(line('b'));
    await log.sync();
    truncateSync(file, statSync(file).size - 10);
    await log.sync();
    await log.append(line('c'));
    assert.deepEqual(namesOf(file), ['a', 'c']);
  });

  test('took away with its folder continues in a new folder', async (t) => {
    const { directory, file, log } = open(t);
    await log.append(line('before'));
    renameSync(directory, `${directory}.moved`);
    await until(() => existsSync(file));
    await log.append(line('after'));
    await log.sync();
    assert.deepEqual(namesIn(`${directory}.moved`), ['before']);
    assert.deepEqual(namesIn(directory), ['after']);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
  });

  test('replaced by something else refuses, reports it once, and recovers', async (t) => {
    const { directory, file, log, notices } = open(t);
    await log.append(line('before'));
    renameSync(file, join(directory, 'old'));
    mkdirSync(file);
    await assert.rejects(
      until(() => notices.length > 0).then(() => log.append(line('refused'))),
      AuditUnavailable,
    );
    await assert.rejects(log.append(line('refused')), /cannot be written \(.*EISDIR.*requests are refused/s);
    assert.throws(() => log.assertWritable(), AuditUnavailable);
    await assert.rejects(log.sync(), AuditUnavailable);
    assert.equal(notices.length, 1);
    rmSync(file, { recursive: true });
    log.assertWritable();
    await log.append(line('after'));
    assert.deepEqual(namesOf(file), ['after']);
    assert.equal(notices.at(-1), 'The audit log can be written again.');
  });

  test('removed loses no record even if its folder cannot be opened for lack of descriptors', async (t) => {
    const { directory, file, log } = open(t);
    await log.append(line('before'));
    await log.sync();
    rmSync(file);
    await log.append(line('unseen'));
    const folder = failingOpen(t, directory);
    await until(() => folder.calls() > 0);
    folder.heal();
    await log.append(line('after'));
    assert.deepEqual(namesOf(file), ['unseen', 'after']);
    await log.close();
  });

  test('removed has the record of a change before the store forgets it', async (t) => {
    const { file, log, notices } = open(t);
    const store = memoryStore();
    const notice = (message: string) => notices.push(message);
    const audit = await openAudit({ store, log, now: Date.now, random: randomBytes, quota: defaultQuota, notice });
    const { put } = audit.stage(recordNamed('change'));
    await store.transact({ put: [put] });
    rmSync(file);
    audit.committed();
    while ((await store.list({ prefix: 'outbox/', limit: 1 })).length > 0) await pause(20);
    assert.deepEqual(namesOf(file), ['change']);
    await audit.close();
  });

  test('emptied between the write and the sync of a change’s record has it again', async (t) => {
    const { file, log } = open(t);
    await log.write([line('change')]);
    await pause(lookMs);
    truncateSync(file, 0);
    await log.sync();
    assert.deepEqual(namesOf(file), ['change']);
    await pause(lookMs);
    truncateSync(file, 0);
    await log.sync();
    assert.deepEqual(namesOf(file), [], 'the operator may remove what was on the disk');
  });
});

interface Failing {
  readonly heal: () => void;
  readonly calls: () => number;
}

/** Until the end of the test, or until `heal`, each fsync (or the first `failures`) fails as on a broken disk. */
function failingFsync(t: TestContext, failures = Infinity): Failing {
  const { fsync } = fs;
  let calls = 0;
  const failing = (fd: number, done: (error: Error | null) => void) => {
    calls += 1;
    if (calls > failures) {
      fsync(fd, done);
      return;
    }
    process.nextTick(done, Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' }));
  };
  return { heal: replace(t, { fsync: failing }), calls: () => calls };
}

/** The same for opening `failingPath`, as in a process that has the most open files. */
function failingOpen(t: TestContext, failingPath: string): Failing {
  const { openSync } = fs;
  let calls = 0;
  const failing = (path: string, ...how: [string | number, number?]) => {
    if (path !== failingPath) return openSync(path, ...how);
    calls += 1;
    throw Object.assign(new Error('EMFILE: too many open files, open'), { code: 'EMFILE' });
  };
  return { heal: replace(t, { openSync: failing }), calls: () => calls };
}

/** Replaces functions of `node:fs`, and returns a function that restores them. */
function replace(t: TestContext, others: Partial<Record<'fsync' | 'openSync', unknown>>): () => void {
  const { fsync, openSync } = fs;
  const set = (functions: object) => {
    Object.assign(fs, functions);
    syncBuiltinESMExports();
  };
  set(others);
  const restore = () => set({ fsync, openSync });
  t.after(restore);
  return restore;
}

suite('a failed fsync of the audit log', () => {
  test('refuses, and what it left uncertain is written again once the disk is back', async (t) => {
    const { directory, log, notices } = open(t);
    await log.append(line('certain'));
    await log.sync();
    await log.append(line('a'));
    await log.write([line('b')]);
    const disk = failingFsync(t);
    await assert.rejects(log.sync(), AuditUnavailable);
    await assert.rejects(log.append(line('refused')), /EIO: i\/o error, fsync.*requests are refused until it can/s);
    assert.throws(() => log.assertWritable(), AuditUnavailable);
    assert.equal(notices.length, 1, notices.join('\n'));
    disk.heal();
    await log.sync();
    await log.append(line('c'));
    assert.deepEqual(logFilesIn(directory), ['audit.1.jsonl', 'audit.jsonl']);
    assert.deepEqual(namesOf(join(directory, 'audit.1.jsonl')), ['certain']);
    assert.deepEqual(namesOf(join(directory, 'audit.jsonl')), ['a', 'b', 'c']);
    assert.equal(notices.at(-1), 'The audit log can be written again.');
  });

  test('recovers by itself, and its attempts leave no files behind', async (t) => {
    const { directory, log } = open(t);
    await log.write([line('a')]);
    const disk = failingFsync(t);
    await assert.rejects(log.sync(), AuditUnavailable);
    const tried = disk.calls();
    await until(() => disk.calls() > tried + 2);
    assert.deepEqual(readdirSync(directory), ['audit.jsonl']);
    disk.heal();
    await until(() => existsSync(join(directory, 'audit.1.jsonl')));
    await until(() => {
      try {
        log.assertWritable();
        return true;
      } catch {
        return false;
      }
    });
    assert.deepEqual(namesIn(directory), ['a']);
  });

  test('that happens only once is repaired before anyone is told', async (t) => {
    const { directory, log } = open(t, { fsync: true });
    await log.append(line('a'));
    const disk = failingFsync(t, 1);
    await log.append(line('b'));
    assert.ok(disk.calls() > 1);
    assert.deepEqual(namesIn(directory), ['a', 'b']);
  });

  test("that also lost the kernel's pages has at least the records of changes again", async (t) => {
    const { directory, file, log, notices } = open(t);
    await log.append(line('certain'));
    await log.sync();
    await log.append(line('read'));
    await log.write([line('change')]);
    const disk = failingFsync(t);
    await assert.rejects(log.sync(), AuditUnavailable);
    const { size } = statSync(file);
    truncateSync(file, size - 20);
    appendFileSync(file, Buffer.alloc(20));
    disk.heal();
    await log.sync();
    assert.ok(namesOf(join(directory, 'audit.jsonl')).includes('change'));
    assert.match(notices.join('\n'), /lost records of reads/);
  });

  test('keeps the records of changes in the store until they are on the disk', async (t) => {
    const { directory, log } = open(t);
    const store = memoryStore();
    const audit = await openAudit({
      store,
      log,
      now: Date.now,
      random: randomBytes,
      quota: defaultQuota,
      notice: () => undefined,
    });
    const disk = failingFsync(t);
    const { put } = audit.stage(recordNamed('change'));
    await store.transact({ put: [put] });
    audit.committed();
    await until(() => disk.calls() > 1);
    assert.equal((await store.list({ prefix: 'outbox/', limit: 2 })).length, 1);
    disk.heal();
    while ((await store.list({ prefix: 'outbox/', limit: 1 })).length > 0) await pause(20);
    await audit.close();
    assert.deepEqual(namesIn(directory), ['change']);
  });
});

suite('retention', () => {
  const day = 86_400_000;
  const fill = async (log: AuditLog, count: number) => {
    for (let n = 0; n < count; n += 1) await log.append(line(String(n).padStart(4, '0')));
  };

  test('deletes no file whose last record is recent enough, however many there are', async (t) => {
    const { directory, log } = open(t, { maxBytes: 10, files: 2, keepMs: day });
    await fill(log, 8);
    assert.equal(namesIn(directory).length, 8);
  });

  test('deletes files that are both older and too many, and nothing else', async (t) => {
    let now = Date.now();
    const { directory, log } = open(t, { maxBytes: 10, files: 2, keepMs: day, now: () => now });
    await fill(log, 6);
    const aged = (number: number, ageMs: number) => {
      const at = (now - ageMs) / 1000;
      utimesSync(join(directory, `audit.${number}.jsonl`), at, at);
    };
    aged(5, day + 1000);
    aged(4, day - 1000);
    aged(1, day + 1000);
    await log.append(line('0006'));
    assert.deepEqual(namesIn(directory), ['0001', '0002', '0003', '0004', '0005', '0006']);
    now += 2 * day;
    await log.append(line('0007'));
    assert.deepEqual(namesIn(directory), ['0005', '0006', '0007']);
  });
});
