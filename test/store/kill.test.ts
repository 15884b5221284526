import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import { openCommitMark } from '../../src/store/commit-counter.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { temporaryFolder } from './folder.ts';

const program = fileURLToPath(new URL('./kill-child.ts', import.meta.url));
const rounds = 20;

describe('a store whose process is killed in the middle of its writes', () => {
  it(`has every acknowledged write, whole, after each of ${rounds} kills`, async () => {
    await using folder = await temporaryFolder();
    const acknowledged = new Map<string, string>();
    for (let round = 0; round < rounds; round += 1) {
      const lines = await writeAndKill(folder.path, round);
      assert.ok(lines.length > 0, `round ${round} acknowledged nothing`);
      const last = new Map<string, string>();
      for (const [key, lastKey, digest] of lines) {
        acknowledged.set(key, digest);
        last.set(lastKey, key);
      }
      await verify(folder.path, acknowledged, last);
    }
  });
});

type Line = readonly [key: string, lastKey: string, digest: string];

/** The lines that the child wrote before it was killed, at some moment after its first. */
async function writeAndKill(folder: string, round: number): Promise<readonly Line[]> {
  const child = spawn(process.execPath, [program, folder, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), randomInt(200));
    output += text;
  });
  await once(child, 'close');
  assert.equal(child.signalCode, 'SIGKILL');
  const whole = output.slice(0, output.lastIndexOf('\n')).split('\n');
  return whole.map((line) => {
    const [key = '', lastKey = '', digest = ''] = line.split(' ');
    return [key, lastKey, digest];
  });
}

/** Every acknowledged record exists and opens, and so does every other; both records of a transaction exist. */
async function verify(folder: string, acknowledged: Map<string, string>, last: Map<string, string>): Promise<void> {
  const mark = await openCommitMark(join(folder, 'mark'));
  const store = await openSealedStore({
    inner: await openSqliteStore({ file: join(folder, 'postern.db') }),
    masterKey: masterKeyFrom(Buffer.alloc(32, 1)),
    mark,
  });
  try {
    const found = await digests(store);
    for (const [key, digest] of acknowledged) assert.equal(found.get(key), digest, key);
    for (const [lastKey, key] of last) {
      const digest = found.get(lastKey);
      const writer = lastKey.slice('last/'.length);
      // The kill may have come between a commit and its line: then `last` is from a later write, which exists too.
      const siblings = [...found].filter(([each, its]) => its === digest && each.includes(`/secret/${writer}-`));
      assert.equal(siblings.length, 1, `${lastKey} is not of a write that is there; acknowledged was ${key}`);
    }
  } finally {
    await store.close();
    await mark.close();
  }
}

async function digests(store: Store): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let after: string | undefined; ;) {
    const page = await store.list({ prefix: '', after, limit: 1_000 });
    for (const { key, value } of page) found.set(key, createHash('sha256').update(value).digest('hex'));
    if (page.length < 1_000) return found;
    after = page.at(-1)?.key;
  }
}
