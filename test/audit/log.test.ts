import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { AuditUnavailable, openAuditLog } from '../../src/audit/log.ts';
import type { AuditLogSettings } from '../../src/audit/log.ts';
import { withRecordId } from '../../src/audit/record.ts';
import { linesOf, logFilesIn } from './log-lines.ts';
import { recordNamed } from './request-events.ts';

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-audit-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function settings(directory: string, changes: Partial<AuditLogSettings> = {}): AuditLogSettings {
  return {
    directory,
    maxBytes: 1 << 20,
    files: 3,
    keepMs: 0,
    fsync: false,
    now: Date.now,
    notice: assert.fail,
    ...changes,
  };
}

const line = (name: string) => JSON.stringify(recordNamed(name));
const lineBytes = line('0000').length + 1;

const namesIn = (directory: string) => linesOf(directory).map(({ correlationId }) => correlationId);

suite('the audit log', () => {
  for (const fsync of [false, true]) {
    test(`has a record when its promise resolves, in the order of the calls, with fsync ${fsync ? 'on' : 'off'}`, async (t) => {
      const directory = folder(t);
      const log = openAuditLog(settings(directory, { fsync }));
      const names = Array.from({ length: 100 }, (_, n) => String(n));
      for (const some of [names.slice(0, 1), names.slice(1, 60), names.slice(60)]) {
        await Promise.all(some.map((name) => log.append(line(name))));
        assert.equal(namesIn(directory).at(-1), some.at(-1));
      }
      await log.close();
      assert.deepEqual(namesIn(directory), names);
    });
  }

  test('writes the records of one turn together, and none of them before the end of the turn', async (t) => {
    const directory = folder(t);
    const log = openAuditLog(settings(directory));
    const appended = [log.append(line('a')), log.write([line('b'), line('c')]), log.append(line('d'))];
    await Promise.resolve();
    assert.deepEqual(namesIn(directory), []);
    await appended[0];
    assert.deepEqual(namesIn(directory), ['a', 'b', 'c', 'd']);
    await Promise.all([...appended, log.write([])]);
    await log.close();
    assert.deepEqual(namesIn(directory), ['a', 'b', 'c', 'd']);
  });

  test('continues where it was closed, and can be read only by its owner', async (t) => {
    const directory = join(folder(t), 'audit');
    const first = openAuditLog(settings(directory));
    await first.append(line('a'));
    await first.close();
    chmodSync(join(directory, 'audit.jsonl'), 0o644);
    const second = openAuditLog(settings(directory));
    await second.append(line('b'));
    await second.close();
    assert.deepEqual(namesIn(directory), ['a', 'b']);
    assert.equal(statSync(join(directory, 'audit.jsonl')).mode & 0o777, 0o600);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
  });

  test('writes what it accepted before it closes, and refuses afterwards', async (t) => {
    const directory = folder(t);
    const log = openAuditLog(settings(directory));
    const accepted = log.append(line('a'));
    await log.close();
    await accepted;
    assert.deepEqual(namesIn(directory), ['a']);
    const closed = { name: 'AuditUnavailable', message: /closed/ };
    await assert.rejects(log.append(line('b')), AuditUnavailable);
    await assert.rejects(log.append(line('b')), closed);
    await assert.rejects(log.write([line('b')]), closed);
    assert.throws(() => log.assertWritable(), closed);
  });

  test('does not follow a symbolic link', (t) => {
    const directory = folder(t);
    writeFileSync(join(directory, 'elsewhere'), '');
    symlinkSync('elsewhere', join(directory, 'audit.jsonl'));
    assert.throws(() => openAuditLog(settings(directory)), { code: 'ELOOP' });
  });
});

suite('what a kill or a power failure leaves at the end', () => {
  const whole = `${line('a')}\n${line('b')}\n`;
  const cases = [
    { name: 'nothing', before: '', kept: '' },
    { name: 'whole lines', before: whole, kept: whole },
    { name: 'the start of a line', before: `${whole}{"time":"20`, kept: whole },
    { name: 'a line without its line break', before: whole + line('c'), kept: whole },
    { name: 'the start of the first line', before: '{"ti', kept: '' },
    { name: 'a start longer than one read', before: `${whole}{"${'x'.repeat(3 << 20)}`, kept: whole },
    { name: 'zeros where lines were to come', before: `${whole}${'\0'.repeat(5000)}`, kept: whole },
    {
      name: 'zeros, and a line break that had arrived',
      before: `${whole}{"ti${'\0'.repeat(3 << 20)}"}}\n`,
      kept: whole,
    },
  ];
  for (const { name, before, kept } of cases) {
    test(`${name}: the next record is on a line of its own`, async (t) => {
      const directory = folder(t);
      const file = join(directory, 'audit.jsonl');
      writeFileSync(file, before);
      const notices: string[] = [];
      const log = openAuditLog(settings(directory, { notice: (message) => notices.push(message) }));
      assert.equal(readFileSync(file, 'utf8'), kept);
      await log.append(line('next'));
      await log.close();
      assert.equal(readFileSync(file, 'utf8'), `${kept}${line('next')}\n`);
      const torn = before.length - kept.length;
      assert.deepEqual(
        notices,
        torn === 0 ? [] : [`The audit log ended in an unfinished line; its ${torn} bytes were cut off.`],
      );
    });
  }
});

suite('rotation', () => {
  test('puts a full file aside and keeps as many as configured', async (t) => {
    const directory = folder(t);
    const log = openAuditLog(settings(directory, { maxBytes: 2 * lineBytes, files: 2 }));
    for (let n = 0; n < 9; n += 1) await log.append(line(`000${n}`));
    await log.close();
    assert.deepEqual(logFilesIn(directory), ['audit.2.jsonl', 'audit.1.jsonl', 'audit.jsonl']);
    assert.equal(readdirSync(directory).length, 3);
    assert.deepEqual(namesIn(directory), ['0004', '0005', '0006', '0007', '0008']);
    for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600);
  });

  test('happens before a line that would not fit, not at one that just fits, and never leaves a file empty', async (t) => {
    const directory = folder(t);
    const log = openAuditLog(settings(directory, { maxBytes: 2 * lineBytes - 1 }));
    await log.append(line('0000'));
    await log.append(line('0001'));
    await log.write(['0002', '0003', '0004'].map(line));
    await log.close();
    const counts = logFilesIn(directory).map(
      (name) => readFileSync(join(directory, name), 'utf8').split('\n').length - 1,
    );
    assert.deepEqual(counts, [1, 1, 3]);
  });

  test('also happens to a file that was full when it was opened', async (t) => {
    const directory = folder(t);
    writeFileSync(join(directory, 'audit.jsonl'), `${line('old')}\n`);
    const log = openAuditLog(settings(directory, { maxBytes: 10 }));
    await log.append(line('new'));
    await log.close();
    assert.equal(readFileSync(join(directory, 'audit.1.jsonl'), 'utf8'), `${line('old')}\n`);
    assert.equal(readFileSync(join(directory, 'audit.jsonl'), 'utf8'), `${line('new')}\n`);
  });

  test('that fails lets the file grow, reports it, and is tried again later', async (t) => {
    const directory = folder(t);
    const notices: string[] = [];
    const notice = (message: string) => notices.push(message);
    const log = openAuditLog(settings(directory, { maxBytes: 16 * lineBytes, files: 1, notice }));
    const inTheWay = join(directory, 'audit.1.jsonl');
    mkdirSync(join(inTheWay, 'full'), { recursive: true });
    const append = async (from: number, to: number) => {
      for (let n = from; n < to; n += 1) await log.append(line(String(n).padStart(4, '0')));
    };
    await append(0, 17);
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /cannot be put aside; it keeps growing: .*audit\.1\.jsonl/);
    rmSync(inTheWay, { recursive: true });
    await append(17, 20);
    await log.close();
    assert.deepEqual(
      namesIn(directory),
      Array.from({ length: 20 }, (_, n) => String(n).padStart(4, '0')),
    );
    assert.deepEqual(logFilesIn(directory), ['audit.1.jsonl', 'audit.jsonl']);
    assert.equal(notices.length, 1);
  });

  test('works on a path relative to the working directory', (t) => {
    const directory = folder(t);
    const log = new URL('../../src/audit/log.ts', import.meta.url).href;
    const program = `
      import { openAuditLog } from ${JSON.stringify(log)};
      const kept = { files: 2, keepMs: 0, now: Date.now };
      const log = openAuditLog({ directory: 'audit', maxBytes: 10, ...kept, fsync: false, notice: console.error });
      for (const n of [1, 2, 3]) await log.append(JSON.stringify({ correlationId: n, properties: {} }));
      await log.close();`;
    execFileSync(process.execPath, ['--input-type=module-typescript', '-e', program], { cwd: directory });
    assert.deepEqual(namesIn(join(directory, 'audit')), [1, 2, 3]);
    assert.equal(logFilesIn(join(directory, 'audit')).length, 3);
  });
});

suite('the record ids in the log', () => {
  const id = (n: number) => `0190a0a0-0000-7000-8000-${String(n).padStart(12, '0')}`;

  test('are returned last first, across files and across chunks', async (t) => {
    const directory = folder(t);
    const log = openAuditLog(settings(directory, { maxBytes: 3 << 20, files: 2 }));
    for (let n = 0; n < 6000; n += 1) {
      const record = recordNamed(`${n}`, { userAgent: 'x'.repeat(n % 97) });
      void log.append(JSON.stringify(n % 3 === 0 ? withRecordId(record, id(n)) : record));
      if (n % 500 === 0) await log.append(line('r'));
    }
    await log.append(line('last'));
    assert.ok(logFilesIn(directory).length > 1);
    const expected = Array.from({ length: 2000 }, (_, n) => id(3 * n)).toReversed();
    assert.deepEqual([...log.recordIds()], expected);
    await log.close();
  });

  test('are also found at the very start of a chunk and across its edge', async (t) => {
    const directory = folder(t);
    const file = join(directory, 'audit.jsonl');
    const marked = `"recordId":"${id(7)}"}}\n`;
    for (let after = (1 << 20) - marked.length - 1; after <= (1 << 20) + 1; after += 1) {
      writeFileSync(file, marked);
      appendFileSync(file, `${'x'.repeat(after - 1)}\n`);
      const log = openAuditLog(settings(directory));
      assert.deepEqual([...log.recordIds()], [id(7)], `${after} bytes after it`);
      await log.close();
    }
  });
});
