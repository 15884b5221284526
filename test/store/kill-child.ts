import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import { openCommitMark } from '../../src/store/commit-counter.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

/**
 * Writes without end, eight at a time, to new vaults and old ones, in transactions of two records. As soon as one is
 * acknowledged, it prints a line: the two keys and the digest of their value.
 */
async function writeUntilKilled(folder: string, round: string): Promise<void> {
  const store = await openSealedStore({
    inner: await openSqliteStore({ file: join(folder, 'postern.db'), history: 1_000 }),
    masterKey: masterKeyFrom(Buffer.alloc(32, 1)),
    mark: await openCommitMark(join(folder, 'mark')),
    markInterval: 5,
  });
  const write = async (writer: number): Promise<void> => {
    for (let index = 0; ; index += 1) {
      const value = randomBytes(100 + (index % 2_000));
      const key = `vault/${round}-${index % 50}/secret/${writer}-${index}`;
      const last = `last/${writer}`;
      await store.transact({ put: [key, last].map((each) => ({ key: each, value })) });
      await say(`${key} ${last} ${createHash('sha256').update(value).digest('hex')}\n`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
}

/** A full pipe makes the writer wait; `writeSync` would fail. */
function say(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(line, (error) => (error ? reject(error) : resolve()));
  });
}

const [folder, round] = process.argv.slice(2);
if (folder === undefined || round === undefined) throw new Error('give the folder and the name of the round');
await writeUntilKilled(folder, round);
