/** Run by `disk-full.test.ts` as `disk-full-scenarios.ts DIRECTORY SCENARIO`, on a tmpfs of 64 KiB of its own. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openAudit } from '../../src/audit/audit.ts';
import type { Audit } from '../../src/audit/audit.ts';
import { AuditUnavailable, openAuditLog } from '../../src/audit/log.ts';
import { FolderBlobs } from '../../src/delivery/folder-blobs.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { linesOf } from './log-lines.ts';
import { recordNamed, stranger } from './request-events.ts';

const [, , directory = '', scenario = ''] = process.argv;
const folder = join(directory, 'audit');
const ballast = join(directory, 'ballast');

const store = memoryStore();
const notices: string[] = [];
const notice = (message: string) => notices.push(message);

async function open(maxBytes = 1 << 20): Promise<Audit> {
  writeFileSync(ballast, Buffer.alloc(32 << 10));
  const log = openAuditLog({
    directory: folder,
    maxBytes,
    files: 1,
    keepMs: 30 * 86_400_000,
    fsync: false,
    now: Date.now,
    notice,
  });
  const quota = {
    perSource: { burst: 0, perSecond: 0 },
    overall: { burst: 0, perSecond: 0 },
    sources: 10,
    summaries: 4,
  };
  return openAudit({ store, log, now: () => Date.UTC(2026, 0, 1), random: randomBytes, quota, notice });
}

const freeSpace = () => rmSync(ballast);
const names = () => linesOf(folder).map(({ correlationId }) => correlationId);

/** Reads until one is refused; returns those before it. */
async function fill(audit: Audit): Promise<readonly string[]> {
  const accepted: string[] = [];
  for (let n = 0; n < 1000; n += 1) {
    const name = `fill-${n}`;
    try {
      await audit.read(recordNamed(name));
    } catch (error) {
      assert.ok(error instanceof AuditUnavailable);
      assert.match(error.message, /ENOSPC.*Free space on that disk/s);
      return accepted;
    }
    accepted.push(name);
  }
  throw new Error('the disk did not get full');
}

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  async reads() {
    const audit = await open();
    const accepted = await fill(audit);
    assert.deepEqual(names(), accepted);
    await assert.rejects(audit.read(recordNamed('refused')), AuditUnavailable);
    assert.deepEqual(names(), accepted);
    assert.equal(notices.length, 1, 'reported once, not for each request');
    freeSpace();
    await audit.read(recordNamed('healed'));
    assert.deepEqual(names(), [...accepted, 'healed']);
    assert.deepEqual(notices.slice(1), ['The audit log can be written again.']);
    await audit.close();
  },

  async batch() {
    const audit = await open();
    const turn = Array.from({ length: 60 }, (_, n) => audit.read(recordNamed(`${n}`)));
    const outcomes = await Promise.allSettled(turn);
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(['rejected']));
    assert.deepEqual(names(), []);
    await audit.read(recordNamed('fits'));
    assert.deepEqual(names(), ['fits']);
    await audit.close();
  },

  async changes() {
    const audit = await open();
    const { put } = audit.stage(recordNamed('begun'));
    const accepted = await fill(audit);
    assert.throws(() => audit.stage(recordNamed('refused')), AuditUnavailable);
    await store.transact({ put: [put] });
    audit.committed();
    await pause(50);
    assert.deepEqual(names(), accepted);
    assert.throws(() => audit.stage(recordNamed('refused')), AuditUnavailable);
    freeSpace();
    const later = audit.stage(recordNamed('later'));
    assert.deepEqual(names(), accepted, 'the trial leaves nothing behind');
    await store.transact({ put: [later.put] });
    // `committed` is not called: what waits is tried again by itself.
    while ((await store.list({ prefix: 'outbox/', limit: 1 })).length > 0) await pause(20);
    assert.deepEqual(names(), [...accepted, 'begun', 'later']);
    await audit.close();
  },

  async retention() {
    const audit = await open(8 << 10);
    const accepted = await fill(audit);
    assert.deepEqual(names(), accepted, 'nothing recent was dropped to make room');
    assert.match(
      notices[0] ?? '',
      /has \d+ MiB left.*younger than 30 days.*move old files away, or lower audit\.keepDays/s,
    );
    freeSpace();
    await audit.read(recordNamed('healed'));
    assert.deepEqual(names(), [...accepted, 'healed']);
    await audit.close();
  },

  async copies() {
    writeFileSync(ballast, Buffer.alloc(32 << 10));
    const blobs = new FolderBlobs(join(directory, 'storage'));
    const lines = Buffer.from(Array.from({ length: 60 }, (_, n) => `${'x'.repeat(700)}${n}\n`).join(''));
    const isRefused = /ENOSPC.*Free space on that disk/s;
    await assert.rejects(blobs.append('a.json', 0, lines), isRefused);
    assert.deepEqual(await blobs.open('a.json'), { length: 0, blocks: 0 }, 'all or nothing');
    freeSpace();
    assert.equal((await blobs.append('a.json', 0, lines)).kind, 'appended');
    assert.equal(await blobs.has('a.json', 0, lines), true);
  },

  async floods() {
    mock.timers.enable({ apis: ['setTimeout'] });
    const audit = await open();
    const accepted = await fill(audit);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await Promise.all([1, 2, 3].map(() => audit.unauthenticated(stranger('203.0.113.7'))));
    mock.timers.tick(60_000);
    await turn();
    assert.deepEqual(names(), accepted);
    freeSpace();
    await audit.unauthenticated(stranger('203.0.113.7'));
    mock.timers.tick(60_000);
    await turn();
    const summary = linesOf(folder).slice(accepted.length);
    assert.deepEqual(
      summary.map(({ properties }) => properties['suppressed']),
      [4],
    );
    await audit.close();
  },
};

await scenarios[scenario]?.();
process.stdout.write(`${scenario}: done\n`);
