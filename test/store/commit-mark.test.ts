import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openCommitMark } from '../../src/store/commit-mark.ts';
import { temporaryFolder } from './folder.ts';

async function readMark(file: string): Promise<bigint | undefined> {
  const mark = await openCommitMark(file);
  try {
    return await mark.read();
  } finally {
    await mark.close();
  }
}

describe('a commit mark in a file', () => {
  it('is undefined until it is written, and then what was written last, for its owner only', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'mark');
    const mark = await openCommitMark(file);
    assert.equal(await mark.read(), undefined);
    for (const commit of [1n, 2n, 3n, 9_007_199_254_740_992n, 9_007_199_254_740_993n]) {
      await mark.write(commit);
      assert.equal(await readMark(file), commit);
    }
    await mark.close();
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it('is the one before when a write was torn, at whatever byte', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'mark');
    const mark = await openCommitMark(file);
    await mark.write(41n);
    const before = await readFile(file);
    await mark.write(42n);
    const whole = await readFile(file);
    await mark.close();
    for (const torn of [0, 5, 14, 15, 17, 20, 33]) {
      const mixed = Buffer.concat([whole.subarray(0, torn), before.subarray(torn)]);
      await writeFile(file, mixed);
      assert.equal(await readMark(file), 41n, `${torn} bytes`);
    }
    await writeFile(file, whole);
    assert.equal(await readMark(file), 42n);
  });

  it('is refused when nothing of it can be read', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'mark');
    for (const text of ['1', 'postern commit 1\n', `postern commit 1 ${'0'.repeat(16)}\n`]) {
      await writeFile(file, text);
      await assert.rejects(readMark(file), {
        name: 'StoreRefused',
        kind: 'damagedMark',
        message: /is damaged\. Put back/,
      });
    }
  });
});
