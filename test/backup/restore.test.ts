import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RestoreFolder } from '../../src/cli/backup/restore-folder.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { StoreRefused } from '../../src/store/refused.ts';
import { restoringFile } from '../../src/backup/restoring.ts';
import { restoreInto } from '../../src/worker/restore.ts';
import { notRun } from '../not-run.ts';
import { dataFolder } from '../world/process.ts';
import { startServerWith } from '../world/server.ts';
import { onTinyDisk } from '../world/tiny-disk.ts';
import { backupOf, keyText, masterKey, sourceOf } from './made.ts';

const folder = dataFolder();
const file = join(folder.path, 'a.backup');
let bytes: Buffer;
before(async () => {
  mkdirSync(join(folder.path, 'store'));
  bytes = await backupOf(join(folder.path, 'store'), { fruits: 3_000 });
  writeFileSync(file, bytes);
});
after(() => folder[Symbol.dispose]());

const node = join(import.meta.dirname, '../../runtime/node');
const child = fileURLToPath(new URL('restore-child.ts', import.meta.url));
const worker = process.geteuid?.() === 0 ? { uid: 61_043, gid: 61_043 } : undefined;

function parts(to: string) {
  const markFile = join(to, 'commit-mark');
  return { folder: to, masterKey, masterKeyText: keyText, markFile, withoutLog: false, nowMs: Date.now() };
}

function opened(data: string, replace = false): RestoreFolder {
  return RestoreFolder.open({ data, worker, replace, nowMs: Date.now() });
}

describe('a restore', () => {
  it('that is killed anywhere leaves nothing that a server starts on, and can be done again', async () => {
    const to = join(folder.path, 'killed');
    mkdirSync(to, { mode: 0o700 });
    for (const at of [0, bytes.length / 2, bytes.length]) {
      const { signal } = spawnSync(node, [child, file, to, `${Math.floor(at)}`]);
      assert.equal(signal, 'SIGKILL');
      assert.ok(existsSync(join(to, restoringFile)), `${at}`);
      await assert.rejects(startServerWith({ data: to }), (error: unknown) => {
        assert.ok(error instanceof StoreRefused);
        assert.deepEqual([error.kind, /was cut short, or is at work/.test(error.message)], ['unfinishedRestore', true]);
        return true;
      });
      const again = opened(to);
      assert.deepEqual(
        readdirSync(to).filter((name) => name !== 'supervisor.lock'),
        [],
      );
      again.giveUp();
    }
    const last = opened(to);
    await restoreInto({ ...parts(to), source: sourceOf(bytes) });
    last.finish();
    const store = await openSealedStore({ inner: await openSqliteStore({ file: join(to, 'postern.db') }), masterKey });
    assert.equal((await store.list({ prefix: 'test-fruit/', limit: 10_000 })).length, 3_000);
    const old = await store.changes('5', 10);
    assert.equal(old.expired, true, 'a cursor of the database before means nothing here');
    await store.close();
    assert.equal(
      Math.trunc(statSync(join(to, 'audit/audit.jsonl')).mtimeMs),
      1_700_000_000_000,
      'retention counts by it',
    );
  });

  it('that fails puts the folder back', async () => {
    const to = join(folder.path, 'failed');
    mkdirSync(to);
    writeFileSync(join(to, 'precious'), 'x');
    assert.throws(() => opened(to), /is not empty, and a restore overwrites nothing/);
    const replaced = opened(to, true);
    assert.ok(!existsSync(join(to, 'precious')));
    await assert.rejects(restoreInto({ ...parts(to), source: sourceOf(bytes.subarray(0, 100_000)) }), /cut off/);
    replaced.giveUp();
    assert.deepEqual(
      readdirSync(to).filter((name) => name !== 'supervisor.lock'),
      ['precious'],
    );
    assert.deepEqual(
      readdirSync(folder.path).filter((name) => name.startsWith('failed')),
      ['failed'],
    );
  });

  it('that fails in its last steps leaves the mark of the store before as it is', async () => {
    const [mark, first, second] = ['mark', 'marked', 'unmarked'].map((name) => join(folder.path, name));
    assert.ok(mark !== undefined && first !== undefined && second !== undefined);
    mkdirSync(first);
    await restoreInto({ ...parts(first), markFile: mark, source: sourceOf(bytes) });
    const marked = readFileSync(mark);
    mkdirSync(second);
    writeFileSync(join(second, 'master.key'), 'x');
    const again = restoreInto({ ...parts(second), markFile: mark, source: sourceOf(bytes) });
    await assert.rejects(again, /EEXIST/);
    assert.deepEqual(readdirSync(second), ['master.key']);
    assert.ok(readFileSync(mark).equals(marked), 'or the store before would be an older copy');
  });

  it('takes no file of that name in another folder for a restore of its own', () => {
    const to = join(folder.path, 'named');
    mkdirSync(to);
    for (const name of [restoringFile, 'letters.txt']) writeFileSync(join(to, name), 'x');
    assert.throws(() => opened(to), /is not empty/);
    assert.deepEqual(readdirSync(to).toSorted(), ['letters.txt', restoringFile]);
  });

  it('keeps others off the folder until it is over', () => {
    const to = join(folder.path, 'locked');
    const first = opened(to);
    writeFileSync(join(to, restoringFile), '');
    assert.throws(() => opened(to), /A server uses .*locked, or another restore/);
    first.giveUp();
    opened(to).giveUp();
  });

  if (worker !== undefined)
    it('by root fills no folder that other users can exchange', () => {
      const others = join(folder.path, 'others');
      mkdirSync(others);
      for (const [uid, mode, said] of [
        [1234, 0o755, /uid 1234 could lead root elsewhere/],
        [0, 0o777, /every user could lead root elsewhere/],
      ] as const) {
        chownSync(others, uid, uid);
        chmodSync(others, mode);
        assert.throws(() => opened(join(others, 'data')), said);
        assert.deepEqual(readdirSync(others), []);
      }
    });
  else notRun('a restore by root into the folder of another user', 'this needs root');

  const tiny = join(folder.path, 'tiny');
  mkdirSync(tiny);
  const full = (): string | undefined => {
    const command = ['sh', '-c', '"$@"; ls -A "$0"/to', tiny, node, child, file, join(tiny, 'to'), '1000000000'];
    const made = ['sh', '-c', 'mkdir "$0"/to && exec "$@"', tiny, ...command];
    const ran = onTinyDisk(tiny, made, { size: '256k' });
    return ran && `${ran.stderr}${ran.stdout}`;
  };
  const said = onTinyDisk(tiny, ['true']) === undefined ? undefined : full;
  if (said === undefined) notRun('a restore onto a full disk', 'this user may not mount');
  else
    it('onto a full disk leaves the folder empty', () => {
      const output = said() ?? '';
      assert.match(output, /database or disk is full|ENOSPC/);
      assert.doesNotMatch(output, /^(?:postern\.db|audit|restoring)$/m);
    });
});
