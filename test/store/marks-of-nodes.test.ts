import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import { readMark, sealMark } from '../../src/store/marked-commit.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { StoreRefused } from '../../src/store/refused.ts';
import type { RefusalKind } from '../../src/store/refused.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import type { SealedStoreOptions } from '../../src/store/sealed.ts';
import { encode, Unavailable } from '../../src/store/store.ts';
import type { Store, Transaction } from '../../src/store/store.ts';
import { memoryMark, stay } from './sealing.ts';

const masterKey = masterKeyFrom(Buffer.alloc(32, 1));

type Mark = ReturnType<typeof memoryMark>;

function nodeOn(inner: Store, mark: Mark, options: Partial<SealedStoreOptions> = {}) {
  return openSealedStore({ inner: stay(inner), masterKey, mark, markInterval: 1, join: true, ...options });
}

async function countOf(mark: Mark): Promise<bigint> {
  const marked = readMark(await mark.read(), [masterKey]);
  return 'commit' in marked ? marked.commit : -1n;
}

async function copyOf(store: Store): Promise<Store> {
  const copy = memoryStore();
  await copy.transact({ put: [...(await store.list({ prefix: '', limit: 10_000 }))] });
  return copy;
}

function refusedAs(kind: RefusalKind, message: RegExp) {
  return (error: unknown) => error instanceof StoreRefused && error.kind === kind && message.test(error.message);
}

/** The same store, with something that happens before each transaction on the counter. */
function beforeEachCount(store: Store, happens: (transaction: Transaction) => Promise<void>): Store {
  return {
    ...stay(store),
    async transact(transaction) {
      if (transaction.put?.some(({ key }) => key === 'seal/commit') === true) await happens(transaction);
      return store.transact(transaction);
    },
  };
}

/** A store that is another one after a connection is made again. */
function following(connected: () => Store): Store {
  return {
    read: (request) => connected().read(request),
    list: (request) => connected().list(request),
    readMany: (requests) => connected().readMany(requests),
    transact: (transaction) => connected().transact(transaction),
    changes: (since, limit) => connected().changes(since, limit),
    close: async () => {},
  };
}

/** A store whose listeners a test calls. */
function told() {
  const listeners = new Set<() => void>();
  return {
    changed: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell: () => {
      for (const listener of listeners) listener();
    },
    listeners,
  };
}

const write = (store: Store, key: string) => store.transact({ put: [{ key, value: encode(1) }] });

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('the commit marks of several nodes on one store', () => {
  it('are each written while all of them write, and refuse a copy from before; no write fails for the counter', async () => {
    const inner = memoryStore();
    const marks = [memoryMark(), memoryMark(), memoryMark()];
    const nodes = await Promise.all(marks.map((mark) => nodeOn(inner, mark)));
    const older = await copyOf(inner);
    const rounds = Array.from({ length: 40 }, (_, round) => round);
    await Promise.all(
      nodes.map(async (node, index) => {
        for (const round of rounds) {
          await write(node, `${index}/${round}`);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }),
    );
    for (const node of nodes) await node.close();
    for (const mark of marks) {
      await assert.rejects(nodeOn(older, mark), refusedAs('olderCopy', /is at commit \d+, and the commit mark at \d+/));
      await (await nodeOn(inner, mark)).close();
    }
  });

  it('takes the count of the node that was first, and counts itself where that one is too low', async () => {
    const inner = memoryStore();
    const [mark, otherMark] = [memoryMark(), memoryMark()];
    const other = await nodeOn(inner, otherMark);
    let counted = 0;
    const contended = beforeEachCount(inner, async () => {
      counted += 1;
      await other.transact({ put: [{ key: 'x', value: encode(counted) }] });
      const before = await countOf(otherMark);
      await until(async () => (await countOf(otherMark)) > before);
    });
    const node = await nodeOn(contended, mark);
    assert.equal(counted, 1);
    assert.equal(await countOf(mark), await countOf(otherMark));
    // An accepted copy has to count beyond the mark of this node.
    await mark.write(0, sealMark(50n, masterKey, node.storeId));
    await mark.write(1, sealMark(49n, masterKey, node.storeId));
    await node.close();
    const accepted = await nodeOn(inner, mark, { acceptCopy: true });
    assert.equal(await countOf(mark), 51n);
    await accepted.close();
    await other.close();
  });

  it('never overwrites the slot with the last mark, also where the count goes up by two', async () => {
    const inner = memoryStore();
    const [mark, otherMark] = [memoryMark(), memoryMark()];
    const written: (0 | 1)[] = [];
    const watched = {
      ...mark,
      async write(slot: 0 | 1, text: string) {
        written.push(slot);
        await mark.write(slot, text);
      },
    };
    const [node, other] = [await nodeOn(inner, watched), await nodeOn(inner, otherMark)];
    for (let round = 0; round < 4; round += 1) {
      for (const each of [node, other]) {
        const [before, its] = [each === node ? mark.now() : otherMark.now(), each === node ? mark : otherMark];
        await write(each, 'x');
        await until(async () => its.now() !== before);
      }
    }
    await node.close();
    await other.close();
    const again = await nodeOn(inner, watched);
    await again.close();
    assert.deepEqual(
      written,
      written.map((_, index) => (index % 2 === 0 ? written[0] : 1 - (written[0] ?? 0))),
    );
  });

  it('follows the others on a node that writes nothing, so that it refuses the same copies', async () => {
    const inner = memoryStore();
    const [mark, otherMark] = [memoryMark(), memoryMark()];
    const { changed, tell, listeners } = told();
    const [idle, other] = [await nodeOn(inner, mark, { changed }), await nodeOn(inner, otherMark)];
    const older = await copyOf(inner);
    const before = await countOf(otherMark);
    await write(other, 'x');
    await until(async () => (await countOf(otherMark)) > before);
    const { length } = await inner.list({ prefix: '', limit: 100 });
    tell();
    await until(async () => (await countOf(mark)) === (await countOf(otherMark)));
    assert.equal((await inner.list({ prefix: '', limit: 100 })).length, length);
    await idle.close();
    assert.equal(listeners.size, 0);
    await assert.rejects(nodeOn(older, mark), refusedAs('olderCopy', /older copy/));
    await other.close();
  });
});

describe('a node that joins a store', () => {
  it('is refused without a mark unless it is told to join, and can bring the mark of another node', async () => {
    const inner = memoryStore();
    const first = memoryMark();
    await (await nodeOn(inner, first)).close();
    const none = memoryMark();
    await assert.rejects(
      nodeOn(inner, none, { join: false }),
      refusedAs('noMark', /commit mark of another node.*--join if this node is new/),
    );
    assert.equal(none.now(), '');
    await (await nodeOn(inner, none, { join: true })).close();
    await (await nodeOn(inner, none, { join: false })).close();
    const carried = memoryMark();
    for (const [slot, text] of (await first.read()).entries()) await carried.write(slot === 0 ? 0 : 1, text);
    await (await nodeOn(inner, carried, { join: false })).close();
  });

  it('takes with that no copy that is behind its mark, no mark that is damaged, and none of another store', async () => {
    const inner = memoryStore();
    const mark = memoryMark();
    await (await nodeOn(inner, mark)).close();
    const older = await copyOf(inner);
    await (await nodeOn(inner, mark)).close();
    await assert.rejects(nodeOn(older, mark), refusedAs('olderCopy', /older copy/));
    await assert.rejects(nodeOn(memoryStore(), mark), refusedAs('olderCopy', /made for another database/));
    const damaged = memoryMark();
    await damaged.write(0, 'postern commit mark AAAA\n');
    await assert.rejects(nodeOn(inner, damaged), refusedAs('damagedMark', /damaged/));
  });

  it('makes the header once, whoever is first', async () => {
    const inner = memoryStore();
    const nodes = await Promise.all([1, 2, 3, 4].map(() => nodeOn(inner, memoryMark())));
    assert.equal(new Set(nodes.map(({ storeId }) => storeId)).size, 1);
    for (const [index, node] of nodes.entries()) await write(node, `${index}`);
    for (const node of nodes) await node.close();
  });
});

describe('a running node that is connected with a database again', () => {
  async function running() {
    const inner = memoryStore();
    const mark = memoryMark();
    const node = await nodeOn(inner, mark);
    const older = await copyOf(inner);
    const before = mark.now();
    await write(node, 'x');
    await until(async () => mark.now() !== before);
    return { inner, mark, node, older };
  }

  it('takes the latest one, and none that is older, empty or another store', async () => {
    const { inner, node, older } = await running();
    await node.judge(inner);
    await assert.rejects(node.judge(older), refusedAs('olderCopy', /is at commit \d, and the commit mark at \d/));
    await assert.rejects(node.judge(memoryStore()), refusedAs('olderCopy', /another one .* or is empty/));
    const another = memoryStore();
    await (await nodeOn(another, memoryMark())).close();
    await assert.rejects(node.judge(another), refusedAs('olderCopy', /another one/));
    const damaged = await copyOf(inner);
    await damaged.transact({ put: [{ key: 'seal/commit', value: Buffer.alloc(40) }] });
    await assert.rejects(node.judge(damaged), refusedAs('damagedSeal', /seal\/commit is not what was written/));
    await node.close();
  });

  it('takes an older one once after an operator has accepted it, and refuses what was the latest from then on', async () => {
    const { inner: latest, mark, node: before, older } = await running();
    await before.close();
    let connected = latest;
    const node = await nodeOn(
      following(() => connected),
      mark,
    );
    const reached = await countOf(mark);
    await assert.rejects(node.judge(older), refusedAs('olderCopy', /older copy/));
    await node.acceptingCopy(() => node.judge(older));
    connected = older;
    await until(async () => (await countOf(mark)) > reached);
    await write(node, 'y');
    await node.judge(older);
    await assert.rejects(node.judge(latest), refusedAs('olderCopy', /older copy/));
    await node.close();
    await (await nodeOn(older, mark)).close();
  });

  it('does not count back where the database was exchanged while it was connected', async () => {
    const { inner, mark, node, older } = await running();
    const reached = await countOf(mark);
    const [record] = await older.read({ get: ['seal/commit'] });
    assert.ok(record);
    await inner.transact({ put: [record] });
    await write(node, 'y');
    await assert.rejects(
      async () => {
        for (;;) {
          await write(node, 'z');
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
      (error) => error instanceof Unavailable && !error.mayHaveHappened && /an older copy/.test(error.message),
    );
    assert.equal(await countOf(mark), reached);
    await node.close();
  });

  it('says of a write that its counter kept from the store that nothing happened, and ends without the store', async () => {
    const { inner, mark } = await running();
    let isReached = true;
    const cut = beforeEachCount(inner, async () => {
      if (!isReached) throw new Unavailable('the way is cut', { mayHaveHappened: true });
    });
    const node = await nodeOn(cut, mark);
    isReached = false;
    await write(node, 'x');
    await assert.rejects(
      async () => {
        for (;;) {
          await write(node, 'y');
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
      (error) => error instanceof Unavailable && !error.mayHaveHappened,
    );
    await node.close();
    isReached = true;
    await (await nodeOn(inner, mark)).close();
  });
});
