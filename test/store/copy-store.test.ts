import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import { copyStore } from '../../src/store/copy-store.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { StoreRefused } from '../../src/store/refused.ts';
import type { RefusalKind } from '../../src/store/refused.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { decode, encode, Unavailable } from '../../src/store/store.ts';
import type { Store, Transaction } from '../../src/store/store.ts';
import { temporaryFolder } from './folder.ts';
import { memoryMark, stay } from './sealing.ts';

const masterKey = masterKeyFrom(Buffer.alloc(32, 1));
const fruits = 1_300;

/** Fills a store, and returns the mark that its server had. */
async function filled(inner: Store, count = fruits): Promise<ReturnType<typeof memoryMark>> {
  const mark = memoryMark();
  const store = await openSealedStore({ inner: stay(inner), masterKey, mark });
  const put = Array.from({ length: count }, (_, index) => [
    { key: `fruit/${index}`, value: encode(index) },
    { key: `vault/one/fruit/${index}`, value: encode(index) },
  ]).flat();
  await store.transact({ put });
  await store.transact({ put: [{ key: 'vault/one/large', value: randomBytes(3 << 20) }] });
  await store.transact({ put: [{ key: 'outbox/audit/1', value: encode('waiting') }] });
  await store.close();
  return mark;
}

async function holdsEverything(inner: Store, mark: ReturnType<typeof memoryMark>, count = fruits): Promise<void> {
  const store = await openSealedStore({ inner: stay(inner), masterKey, mark, look: true });
  for (const prefix of ['fruit/', 'vault/one/fruit/']) {
    const found = await store.list({ prefix, limit: 2 * fruits });
    assert.equal(found.length, count);
    for (const record of found) assert.equal(record.key, `${prefix}${decode<number>(record)}`);
  }
  const [large] = await store.read({ get: ['vault/one/large'] });
  assert.equal(large?.value.length, 3 << 20);
  await store.close();
}

function refusedAs(kind: RefusalKind, message: RegExp) {
  return (error: unknown) => error instanceof StoreRefused && error.kind === kind && message.test(error.message);
}

function copied({
  from,
  to,
  replace = false,
}: {
  readonly from: Store;
  readonly to: Store;
  readonly replace?: boolean;
}) {
  return copyStore({ from, to, replace, outboxPrefix: 'outbox/audit/' });
}

const started = (inner: Store) => openSealedStore({ inner: stay(inner), masterKey });

/** The same store, with something that happens before the n-th transaction. */
function before(store: Store, nth: number, happens: () => Promise<void>): Store {
  let count = 0;
  return {
    ...stay(store),
    async transact(transaction: Transaction) {
      count += 1;
      if (count === nth) await happens();
      return store.transact(transaction);
    },
  };
}

describe('a copy of a store', () => {
  it('has every record as it was sealed, opens with the same key, and fits the same mark; both ways', async () => {
    await using folder = await temporaryFolder();
    const embedded = await openSqliteStore({ file: join(folder.path, 'one.db') });
    const mark = await filled(embedded);
    const other = memoryStore();
    const result = await copied({ from: embedded, to: other });
    const rows = await embedded.list({ prefix: '', limit: 10_000 });
    assert.deepEqual(await other.list({ prefix: '', limit: 10_000 }), rows);
    assert.equal(result.records, rows.length - 1);
    assert.equal(result.waiting, 1);
    await holdsEverything(other, mark);
    await embedded.close();
    const back = await openSqliteStore({ file: join(folder.path, 'two.db') });
    await copied({ from: other, to: back });
    await holdsEverything(back, mark);
    await back.close();
  });

  it('that stops at any step leaves a store on which no server starts, and can be done again', async () => {
    const from = memoryStore();
    const mark = await filled(from, 600);
    let steps = 0;
    const counting = memoryStore();
    const counted: Store = {
      ...stay(counting),
      transact(transaction) {
        steps += 1;
        return counting.transact(transaction);
      },
    };
    await copied({ from, to: counted });
    assert.ok(steps >= 5, `${steps}`);
    for (let step = 2; step <= steps; step += 1) {
      const to = memoryStore();
      const cut = before(to, step, () => Promise.reject(new Unavailable('cut')));
      await assert.rejects(copied({ from, to: cut }), Unavailable);
      await assert.rejects(started(to), refusedAs('unfinishedCopy', /cut short.*"postern store copy" again/));
      await assert.rejects(copied({ from: to, to: memoryStore() }), refusedAs('unfinishedCopy', /itself/));
      await copied({ from, to });
      await holdsEverything(to, mark, 600);
    }
  });

  it('is not made over records, but with an option that says so, which removes them all', async () => {
    const from = memoryStore();
    const mark = await filled(from, 20);
    const to = memoryStore();
    await filled(to, 700);
    await assert.rejects(copied({ from, to }), refusedAs('holdsRecords', /--replace/));
    await (await started(to)).close();
    await copied({ from, to, replace: true });
    await holdsEverything(to, mark, 20);
    // Rows of another program: no header, and no record of a copy.
    const foreign = memoryStore();
    await foreign.transact({ put: [{ key: 'a', value: encode(1) }] });
    await assert.rejects(copied({ from, to: foreign }), refusedAs('holdsRecords', /holds records/));
  });

  it('removes nothing for a source that is not a store, or cannot be read to its end', async () => {
    const to = memoryStore();
    const mark = await filled(to, 20);
    await assert.rejects(copied({ from: memoryStore(), to, replace: true }), refusedAs('noStore', /no records/));
    const from = memoryStore();
    await filled(from);
    const broken = {
      ...stay(from),
      list: (request: Parameters<Store['list']>[0]) =>
        request.after === undefined ? from.list(request) : Promise.reject(new Error('a damaged page')),
    };
    await assert.rejects(copied({ from: broken, to, replace: true }), /a damaged page/);
    await holdsEverything(to, mark, 20);
  });

  it('ends when its source is written to meanwhile', async () => {
    const from = memoryStore();
    await filled(from);
    const to = memoryStore();
    const written = before(to, 2, async () => {
      await from.transact({ put: [{ key: 'zzz', value: encode(1) }] });
    });
    await assert.rejects(copied({ from, to: written }), refusedAs('changedMeanwhile', /written to/));
    await assert.rejects(started(to), refusedAs('unfinishedCopy', /cut short/));
  });

  it('ends when its source is written to while what was written is read again', async () => {
    const from = memoryStore();
    await filled(from, 30);
    const to = memoryStore();
    let isCopied = false;
    const reread: Store = {
      ...stay(to),
      list: async (request) => {
        const records = await to.list(request);
        // The store is read twice: to be emptied, and after all was put.
        if (!isCopied && records.length > 1) {
          isCopied = true;
          await from.transact({ put: [{ key: 'zzz', value: encode(1) }] });
        }
        return records;
      },
    };
    await assert.rejects(copied({ from, to: reread }), refusedAs('changedMeanwhile', /written to/));
    assert.ok(isCopied);
    await assert.rejects(started(to), refusedAs('unfinishedCopy', /cut short/));
  });

  it('ends when another copy begins with the same store, which then is whole', async () => {
    const [one, two] = [memoryStore(), memoryStore()];
    await filled(one);
    const mark = await filled(two, 30);
    const to = memoryStore();
    const overtaken = before(to, 3, async () => {
      await copied({ from: two, to });
    });
    const first = copied({ from: one, to: overtaken });
    await assert.rejects(first, refusedAs('changedMeanwhile', /Another copy, or a server/));
    await holdsEverything(to, mark, 30);
  });

  it('and a first start at the same moment: only one of the two has the store', async () => {
    const from = memoryStore();
    await filled(from, 30);
    // The start has looked at the empty store, and is then second.
    const to = memoryStore();
    const second = before(to, 1, async () => {
      const cut = before(to, 2, () => Promise.reject(new Unavailable('cut')));
      await assert.rejects(copied({ from, to: cut }), Unavailable);
    });
    await assert.rejects(started(second), refusedAs('unfinishedCopy', /is at work/));
    // And here the copy is.
    const other = memoryStore();
    const late = before(other, 1, async () => {
      await (await started(other)).close();
    });
    await assert.rejects(copied({ from, to: late }), refusedAs('changedMeanwhile', /or a server/));
    await (await started(other)).close();
  });

  it('is read again, and not used where it is not what was written', async () => {
    const from = memoryStore();
    await filled(from, 30);
    const to = memoryStore();
    const flipping: Store = {
      ...stay(to),
      transact: (transaction) =>
        to.transact({
          ...transaction,
          put: (transaction.put ?? []).map((put) => {
            if (put.key !== 'fruit/7') return put;
            const value = Buffer.from(put.value);
            value.writeUInt8(value.readUInt8(9) ^ 1, 9);
            return { ...put, value };
          }),
        }),
    };
    await assert.rejects(copied({ from, to: flipping }), refusedAs('copyDiffers', /not what was copied/));
    const losing: Store = {
      ...stay(memoryStore()),
      transact: async (transaction) => (transaction.put ?? []).map(() => 'version'),
    };
    await assert.rejects(copied({ from, to: losing }), refusedAs('copyDiffers', /not what was copied/));
    await assert.rejects(started(to), refusedAs('unfinishedCopy', /cut short/));
  });
});
