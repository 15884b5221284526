import assert from 'node:assert/strict';
import { open, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import { openCommitMark } from '../../src/store/commit-counter.ts';
import type { CommitMark } from '../../src/store/commit-counter.ts';
import { readMark, sealMark } from '../../src/store/marked-commit.ts';
import { temporaryFolder } from './folder.ts';

const masterKey = masterKeyFrom(Buffer.alloc(32, 1));
const storeId = 'one';

async function write(mark: CommitMark, commit: bigint): Promise<void> {
  await mark.write(commit % 2n === 0n ? 0 : 1, sealMark(commit, masterKey, storeId));
}

async function readBack(file: string) {
  const mark = await openCommitMark(file);
  try {
    return readMark(await mark.read(), [masterKeyFrom(Buffer.alloc(32, 2)), masterKey]);
  } finally {
    await mark.close();
  }
}

describe('a commit mark in a file', () => {
  it('is empty until it is written, then has what was written last, and only its owner may read it', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'mark');
    const mark = await openCommitMark(file);
    assert.deepEqual(readMark(await mark.read(), [masterKey]), { kind: 'none' });
    for (const commit of [1n, 2n, 3n, 9_007_199_254_740_992n, 9_007_199_254_740_993n]) {
      await write(mark, commit);
      assert.deepEqual(await readBack(file), { kind: 'sealed', commit, storeId });
    }
    await mark.close();
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it('has the previous value if a write was torn, at whatever byte', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'mark');
    const mark = await openCommitMark(file);
    for (const commit of [40n, 41n]) await write(mark, commit);
    const before = await readFile(file);
    await write(mark, 42n);
    const whole = await readFile(file);
    await mark.close();
    for (const torn of [0, 5, 14, 21, 40, 60, 80]) {
      const mixed = Buffer.concat([whole.subarray(0, torn), before.subarray(torn)]);
      await writeFile(file, mixed);
      assert.equal(commitOf(await readBack(file)), 41n, `${torn} bytes`);
    }
    await writeFile(file, whole);
    assert.equal(commitOf(await readBack(file)), 42n);
  });

  it('is damaged if nothing in it can be read', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'mark');
    for (const text of [
      '1',
      'postern commit 1\n',
      `postern commit 1 ${'0'.repeat(16)}\n`,
      'postern commit mark AAAA\n',
    ]) {
      await writeFile(file, text);
      assert.deepEqual(await readBack(file), { kind: 'damaged' });
    }
  });

  it('is written through a descriptor that was opened elsewhere, and links are not followed', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'mark');
    const opened = await open(file, 'wx+', 0o600);
    await write(await openCommitMark('/where/nobody/can/go', opened.fd), 7n);
    assert.equal(commitOf(await readBack(file)), 7n);
    await opened.close();
    await symlink(file, join(folder.path, 'link'));
    await assert.rejects(openCommitMark(join(folder.path, 'link')), { code: 'ELOOP' });
  });
});

function commitOf(mark: ReturnType<typeof readMark>): bigint | undefined {
  return 'commit' in mark ? mark.commit : undefined;
}
