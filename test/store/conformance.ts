import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { Conflict, encode } from '../../src/store/store.ts';
import type { List, Read, Store, Transaction } from '../../src/store/store.ts';

/** A store under test. */
export interface Opened {
  readonly store: Store;
  /** Closes the store and opens what it left behind; absent for a store that keeps nothing. */
  readonly reopen?: () => Promise<Store>;
  /** Closes the store and removes everything that was made for it. */
  readonly dispose: () => Promise<void>;
}

/** A store that is closed and opened again on its folder. */
export async function onDisk<S extends Store>(folder: AsyncDisposable, start: () => Promise<S>): Promise<Opened> {
  let store = await start();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await start();
      return store;
    },
    dispose: async () => {
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** `history`: how many changes the store must remember at least. */
export type Open = (options?: { readonly history?: number }) => Promise<Opened>;

const conflictOn = (key: string) => ({ name: 'Conflict', key });

/** The tests of every store; each test works under a prefix of its own. */
export function conformance(name: string, open: Open, kind: 'durable' | 'passing'): void {
  describe(`${name}: a store`, () => {
    let opened: Opened;
    let store: Store;
    before(async () => {
      opened = await open();
      store = opened.store;
    });
    after(() => opened.dispose());

    readsAndWrites(() => store);
    requirements(() => store);
    lists(() => store);
    manyReads(() => store);
    changeFeed(() => store);
    refusals(() => store);
    model(() => store);
  });
  describe(`${name}: a store of its own`, () => {
    ownStore(open);
    if (kind === 'durable') reopened(open);
  });
}

const text = async (store: Store, key: string): Promise<string | undefined> => {
  const [record] = await store.read({ get: [key] });
  return record === undefined ? undefined : Buffer.from(record.value).toString();
};

function readsAndWrites(store: () => Store): void {
  it('returns records in the requested order, a missing one as undefined', async () => {
    const put = [
      { key: 'order/a', value: Buffer.from('A') },
      { key: 'order/b', value: Buffer.from('B') },
    ];
    const versions = await store().transact({ put });
    const records = await store().read({ get: ['order/b', 'order/c', 'order/a', 'order/b'] });
    assert.deepEqual(
      records.map((record) => record && [record.key, record.version, Buffer.from(record.value).toString()]),
      [['order/b', versions[1], 'B'], undefined, ['order/a', versions[0], 'A'], ['order/b', versions[1], 'B']],
    );
  });

  it('keeps every byte, and empty and large values', async () => {
    const values = [new Uint8Array(0), Uint8Array.from({ length: 256 }, (_, byte) => byte), Buffer.alloc(300_000, 'x')];
    await store().transact({ put: values.map((value, index) => ({ key: `bytes/${index}`, value })) });
    const records = await store().read({ get: ['bytes/0', 'bytes/1', 'bytes/2'] });
    assert.deepEqual(
      records.map((record) => Buffer.from(record?.value ?? 'missing')),
      values.map((value) => Buffer.from(value)),
    );
  });

  it('keeps a value as it was when it was put, whatever happens to the buffer', async () => {
    const value = Buffer.from('before');
    const written = store().transact({ put: [{ key: 'buffer', value }] });
    value.write('after!');
    await written;
    const [record] = await store().read({ get: ['buffer'] });
    record?.value.fill(0);
    assert.equal(await text(store(), 'buffer'), 'before');
  });

  it('uses the version that a put has', async () => {
    const put = [{ key: 'version/given', value: encode(1), version: 'a-version-of-mine' }];
    assert.deepEqual(await store().transact({ put }), ['a-version-of-mine']);
    assert.equal((await store().read({ get: ['version/given'] }))[0]?.version, 'a-version-of-mine');
  });

  it('never uses a version twice, not even for a record that is created again with the same value', async () => {
    const versions: (string | undefined)[] = [];
    for (let round = 0; round < 20; round += 1) {
      versions.push(...(await store().transact({ put: [{ key: 'version/again', value: encode('same') }] })));
      versions.push(...(await store().transact({ put: [{ key: 'version/again', value: encode('same') }] })));
      await store().transact({ delete: ['version/again'] });
    }
    assert.equal(new Set(versions).size, 40);
  });

  it('shows an acknowledged write to every read that starts after it, also in the same turn', async () => {
    for (let round = 0; round < 50; round += 1) {
      const sooner = store().read({ get: ['turn'] });
      const written = store().transact({ put: [{ key: 'turn', value: encode(round) }] });
      await Promise.all([sooner, store().read({ get: ['turn'] })]);
      await written;
      assert.equal(await text(store(), 'turn'), String(round));
    }
  });
}

function requirements(store: () => Store): void {
  it('commits when every requirement holds, and requires absence with null', async () => {
    const [version] = await store().transact({
      require: [{ key: 'require/new', version: null }],
      put: [{ key: 'require/new', value: encode(1) }],
    });
    const [next] = await store().transact({
      require: [{ key: 'require/new', version: version ?? null }],
      put: [{ key: 'require/new', value: encode(2) }],
    });
    assert.notEqual(next, version);
    assert.equal(await text(store(), 'require/new'), '2');
  });

  it('changes nothing when a requirement does not hold, and names the record that differs', async () => {
    const [version = ''] = await store().transact({ put: [{ key: 'conflict/a', value: encode('a') }] });
    const change = { put: [{ key: 'conflict/new', value: encode(1) }], delete: ['conflict/a'] };
    const misses = [
      [{ key: 'conflict/a', version: null }],
      [{ key: 'conflict/a', version: `${version}0` }],
      [
        { key: 'conflict/missing', version: null },
        { key: 'conflict/a', version: '' },
      ],
    ];
    for (const require of misses)
      await assert.rejects(store().transact({ require, ...change }), conflictOn('conflict/a'));
    const wanted = [
      { key: 'conflict/a', version },
      { key: 'conflict/missing', version },
    ];
    await assert.rejects(store().transact({ require: wanted, ...change }), conflictOn('conflict/missing'));
    assert.equal(await text(store(), 'conflict/a'), '"a"');
    assert.equal(await text(store(), 'conflict/new'), undefined);
  });

  it('reads and lists under requirements', async () => {
    const [version = ''] = await store().transact({ put: [{ key: 'rules/1', value: encode('rules') }] });
    const holds = { require: [{ key: 'rules/1', version }] };
    const fails = { require: [{ key: 'rules/1', version: null }] };
    assert.equal((await store().read({ ...holds, get: ['rules/1'] })).length, 1);
    assert.equal((await store().list({ ...holds, prefix: 'rules/', limit: 5 })).length, 1);
    await assert.rejects(store().read({ ...fails, get: ['rules/1'] }), conflictOn('rules/1'));
    await assert.rejects(store().list({ ...fails, prefix: 'rules/', limit: 5 }), conflictOn('rules/1'));
  });

  it('lets exactly one of many win that all require the same state', async () => {
    const [version = ''] = await store().transact({ put: [{ key: 'race', value: encode(0) }] });
    const attempts = Array.from({ length: 20 }, (_, index) =>
      store().transact({ require: [{ key: 'race', version }], put: [{ key: 'race', value: encode(index) }] }),
    );
    const outcomes = await Promise.allSettled(attempts);
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.equal(lost.length, 19);
    assert.ok(lost.every(({ reason }) => reason instanceof Conflict && reason.key === 'race'));
  });

  it('loses no increment under compare and swap', async () => {
    await store().transact({ put: [{ key: 'counter', value: encode(0) }] });
    const increment = async (): Promise<void> => {
      for (;;) {
        const [record] = await store().read({ get: ['counter'] });
        assert.ok(record);
        const value = encode(Number(Buffer.from(record.value).toString()) + 1);
        const require = [{ key: 'counter', version: record.version }];
        try {
          await store().transact({ require, put: [{ key: 'counter', value }] });
          return;
        } catch (error) {
          assert.ok(error instanceof Conflict);
        }
      }
    };
    await Promise.all(Array.from({ length: 12 }, increment));
    assert.equal(await text(store(), 'counter'), '12');
  });
}

function lists(store: () => Store): void {
  const names = ['!', '-', '0', '9', 'A', 'Z', '_', 'a', 'a!', 'a/', 'aa', 'z', '~', '~~'];
  const keys = (records: readonly { key: string }[]) => records.map((record) => record.key.slice('list/'.length));

  it('lists in bytewise order what starts with the prefix, and nothing else', async () => {
    const beside = ['list', 'list.', 'list0', 'lisu', 'lis~'];
    const put = [...names.map((name) => `list/${name}`), 'list/', ...beside].map((key) => ({
      key,
      value: encode(key),
    }));
    await store().transact({ put: put.toReversed() });
    assert.deepEqual(keys(await store().list({ prefix: 'list/', limit: 100 })), ['', ...names]);
    assert.deepEqual(keys(await store().list({ prefix: 'list/a', limit: 100 })), ['a', 'a!', 'a/', 'aa']);
    assert.deepEqual(await store().list({ prefix: 'list/b', limit: 100 }), []);
  });

  it('pages without gaps or repetitions, whatever the size of the pages', async () => {
    for (const limit of [1, 2, 5, 15, 16]) {
      const found: string[] = [];
      for (let last: string | undefined; ;) {
        const page = await store().list({ prefix: 'list/', after: last, limit });
        found.push(...keys(page));
        if (page.length < limit) break;
        last = page.at(-1)?.key;
      }
      assert.deepEqual(found, ['', ...names], `pages of ${limit}`);
    }
  });

  it('ends with the record that reaches the requested bytes, and has at least one', async () => {
    const put = ['a', 'b', 'c'].map((name) => ({ key: `large/${name}`, value: encode('x'.repeat(10_000)) }));
    await store().transact({ put });
    const listed = async (bytes: number, last?: string) => {
      const page = await store().list({ prefix: 'large/', after: last, limit: 100, bytes });
      return page.map(({ key }) => key);
    };
    assert.deepEqual(await listed(1), ['large/a']);
    assert.deepEqual(await listed(15_000), ['large/a', 'large/b']);
    assert.deepEqual(await listed(1, 'large/b'), ['large/c']);
    assert.deepEqual(await listed(1_000_000), ['large/a', 'large/b', 'large/c']);
  });

  it('continues after a key that does not exist, before the prefix or after it', async () => {
    const rest = async (key: string) => keys(await store().list({ prefix: 'list/', after: key, limit: 100 }));
    assert.deepEqual(await rest('list/a"'), ['a/', 'aa', 'z', '~', '~~']);
    assert.deepEqual(await rest('a'), ['', ...names]);
    assert.deepEqual(await rest('m'), []);
  });

  it('lists everything under the empty prefix', async () => {
    const all: string[] = [];
    for (let last: string | undefined; ;) {
      const page = await store().list({ prefix: '', after: last, limit: 7 });
      all.push(...page.map((record) => record.key));
      if (page.length < 7) break;
      last = page.at(-1)?.key;
    }
    assert.deepEqual(all, all.toSorted());
    assert.equal(new Set(all).size, all.length);
    assert.ok(['order/a', 'list/', 'list/~~', 'list0', 'version/given'].every((key) => all.includes(key)));
  });
}

function manyReads(store: () => Store): void {
  it('returns for each of many what read and list would, in one answer', async () => {
    const put = ['a', 'b', 'c'].map((name) => ({ key: `many/${name}`, value: encode(name) }));
    const [version = ''] = await store().transact({ put });
    const require = [{ key: 'many/a', version }];
    const requests: readonly (Read | List)[] = [
      { require, get: ['many/c', 'many/none', 'many/a'] },
      { require, prefix: 'many/', after: 'many/a', limit: 2 },
      { get: [] },
      { prefix: 'many/', limit: 1 },
    ];
    const results = await store().readMany(requests);
    for (const [index, request] of requests.entries()) {
      const records = await ('get' in request ? store().read(request) : store().list(request));
      assert.deepEqual(results[index], { ok: true, records });
    }
    assert.deepEqual(await store().readMany([]), []);
  });

  it('lets a failed requirement of one of many fail only that one', async () => {
    const [version = ''] = await store().transact({ put: [{ key: 'alone/a', value: encode(1) }] });
    const [first, failed, listed, last] = await store().readMany([
      { require: [{ key: 'alone/a', version }], get: ['alone/a'] },
      { require: [{ key: 'alone/a', version: null }], get: ['alone/a'] },
      { require: [{ key: 'alone/none', version }], prefix: 'alone/', limit: 9 },
      { get: ['alone/a'] },
    ]);
    assert.deepEqual([first?.ok, last?.ok], [true, true]);
    assert.ok(failed?.ok === false && failed.error instanceof Conflict && failed.error.key === 'alone/a');
    assert.ok(listed?.ok === false && listed.error instanceof Conflict && listed.error.key === 'alone/none');
  });

  it('lets a malformed one of many fail alone', async () => {
    await store().transact({ put: [{ key: 'formed/a', value: encode(1) }] });
    const [first, key, limit, last] = await store().readMany([
      { get: ['formed/a'] },
      { get: ['formed/ä'] },
      { prefix: 'formed/', limit: 0 },
      { prefix: 'formed/', limit: 1 },
    ]);
    assert.deepEqual([first?.ok, last?.ok], [true, true]);
    for (const failed of [key, limit]) assert.ok(failed?.ok === false && failed.error instanceof TypeError);
  });

  it('shows an acknowledged write to many reads that start after it in the same turn', async () => {
    for (let round = 0; round < 20; round += 1) {
      await store().transact({ put: [{ key: 'many-turn', value: encode(round) }] });
      const sooner = store().read({ get: ['many-turn'] });
      const written = store().transact({ put: [{ key: 'many-turn', value: encode(`next ${round}`) }] });
      await Promise.all([sooner, written]);
      const [result] = await store().readMany([{ get: ['many-turn'] }]);
      assert.equal(result?.ok === true && Buffer.from(result.records[0]?.value ?? []).toString(), `"next ${round}"`);
    }
  });
}

function changeFeed(store: () => Store): void {
  it('returns from now on the keys that were put and deleted, in commit order', async () => {
    const now = await store().changes(undefined, 10);
    assert.ok(!now.expired);
    assert.deepEqual([now.keys, now.more], [[], false]);
    await store().transact({ put: ['feed/b', 'feed/a'].map((key) => ({ key, value: encode(1) })) });
    await store().transact({ delete: ['feed/b', 'feed/never'] });
    const next = await store().changes(now.cursor, 100);
    assert.ok(!next.expired);
    assert.deepEqual(lastOnly(next.keys), ['feed/a', 'feed/b']);
    assert.equal(next.more, false);
    const end = await store().changes(next.cursor, 100);
    assert.ok(!end.expired);
    assert.deepEqual([end.keys, end.cursor], [[], next.cursor]);
  });

  it('leaves no gap while others write, read in pages of any size', async () => {
    const start = await store().changes(undefined, 1);
    let cursor = start.cursor;
    const seen: string[] = [];
    let writing = true;
    const follow = async (): Promise<void> => {
      for (let round = 0; ; round += 1) {
        const goOn = writing;
        const page = await store().changes(cursor, 1 + (round % 7));
        assert.ok(!page.expired);
        seen.push(...page.keys);
        cursor = page.cursor;
        if (!page.more && !goOn) return;
        if (!page.more) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const write = async (writer: number): Promise<void> => {
      for (let index = 0; index < 40; index += 1) {
        await store().transact({ put: [{ key: `gap/${writer}/${index}`, value: encode(index) }] });
      }
    };
    const following = follow();
    await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    writing = false;
    await following;
    assert.equal(seen.length, 320);
    for (let writer = 0; writer < 8; writer += 1) {
      const order = seen.filter((key) => key.startsWith(`gap/${writer}/`));
      assert.deepEqual(
        order,
        Array.from({ length: 40 }, (_, index) => `gap/${writer}/${index}`),
      );
    }
  });

  it('answers a cursor that it does not know as expired', async () => {
    for (const cursor of ['no cursor', '-1', '99999999999999999999', 'NaN']) {
      const answer = await store().changes(cursor, 10);
      assert.equal(answer.expired, true, cursor);
    }
  });
}

/** The keys, each only at its last position. */
function lastOnly(keys: readonly string[]): readonly string[] {
  return keys.filter((key, index) => keys.lastIndexOf(key) === index);
}

function refusals(store: () => Store): void {
  const badKeys = ['', ' ', 'a b', 'a\n', 'a\0', 'é', '\x7f', '漢', 'k'.repeat(1_025)];
  const badUses: readonly (readonly [string, (key: string) => Promise<unknown>])[] = [
    ['put', (key) => store().transact({ put: [{ key, value: encode(1) }] })],
    ['delete', (key) => store().transact({ delete: [key] })],
    ['require', (key) => store().transact({ require: [{ key, version: null }] })],
    ['get', (key) => store().read({ get: [key] })],
    ['list after', (key) => store().list({ prefix: 'a', after: key, limit: 1 })],
  ];
  for (const [use, act] of badUses) {
    it(`refuses to ${use} a key that is not 1 to 1,024 printable ASCII characters`, async () => {
      for (const key of badKeys) {
        await assert.rejects(act(key), { name: 'TypeError', message: /is not 1 to 1,024 printable ASCII characters/ });
      }
    });
  }

  it('accepts a key of 1,024 characters and each character of the alphabet', async () => {
    const alphabet = String.fromCharCode(...Array.from({ length: 0x7e - 0x20 }, (_, index) => 0x21 + index));
    const keys = [`long/${'k'.repeat(1_019)}`, `alphabet/${alphabet}`];
    await store().transact({ put: keys.map((key) => ({ key, value: encode(key) })) });
    assert.deepEqual(
      (await store().read({ get: keys })).map((record) => record?.key),
      keys,
    );
  });

  it('refuses a transaction that changes a key twice', async () => {
    const put = { key: 'twice', value: encode(1) };
    for (const transaction of [
      { put: [put, put] },
      { put: [put], delete: ['twice'] },
      { delete: ['twice', 'twice'] },
    ]) {
      await assert.rejects(store().transact(transaction), { message: /the key twice is changed more than once/ });
    }
    assert.equal(await text(store(), 'twice'), undefined);
  });

  it('refuses a limit that is not a positive whole number', async () => {
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(store().list({ prefix: 'list/', limit }), { name: 'TypeError' });
      await assert.rejects(store().changes(undefined, limit), { name: 'TypeError' });
    }
  });
}

const someKey = fc.integer({ min: 0, max: 9 }).map((index) => (index < 5 ? `key-${index}` : `folder/key-${index}`));
const someStep = fc.record({
  puts: fc.uniqueArray(fc.tuple(someKey, fc.uint8Array({ maxLength: 8 })), { selector: ([key]) => key, maxLength: 4 }),
  deletes: fc.uniqueArray(someKey, { maxLength: 3 }),
  requires: fc.array(fc.tuple(someKey, fc.constantFrom('now', 'absent', 'stale')), { maxLength: 2 }),
});

interface Modelled {
  readonly version: string;
  readonly value: Uint8Array;
}

function model(store: () => Store): void {
  let run = 0;
  it('does the same as a map with any sequence of transactions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(someStep, { maxLength: 12 }), async (steps) => {
        run += 1;
        const prefix = `model/${run}/`;
        const map = new Map<string, Modelled>();
        for (const step of steps) await applyBoth(store(), map, { step, prefix });
        const listed = await store().list({ prefix, limit: 100 });
        const expected = [...map].map(([key, { version, value }]) => ({ key, version, value: Buffer.from(value) }));
        assert.deepEqual(
          listed.map(({ key, version, value }) => ({ key, version, value: Buffer.from(value) })),
          expected.toSorted((one, other) => (one.key < other.key ? -1 : 1)),
        );
      }),
      { numRuns: 60 },
    );
  });
}

type Step = typeof someStep extends fc.Arbitrary<infer T> ? T : never;

/** Applies one step to the store and to the map, and compares them. */
async function applyBoth(
  store: Store,
  map: Map<string, Modelled>,
  { step, prefix }: { step: Step; prefix: string },
): Promise<void> {
  const put = step.puts.map(([key, value]) => ({ key: prefix + key, value }));
  const deleted = step.deletes.map((key) => prefix + key).filter((key) => put.every((each) => each.key !== key));
  const require = step.requires.map(([key, state]) => {
    const now = map.get(prefix + key)?.version ?? null;
    return { key: prefix + key, version: { now, absent: null, stale: 'stale' }[state] ?? null };
  });
  const transaction: Transaction = { require, put, delete: deleted };
  const differs = require.find(({ key, version }) => (map.get(key)?.version ?? null) !== version);
  if (differs !== undefined) {
    await assert.rejects(store.transact(transaction), conflictOn(differs.key));
    return;
  }
  const versions = await store.transact(transaction);
  assert.equal(versions.length, put.length);
  for (const [index, { key, value }] of put.entries()) map.set(key, { version: versions[index] ?? '', value });
  for (const key of deleted) map.delete(key);
}

function ownStore(open: Open): void {
  it('answers a cursor as expired once its history is too short, and one within it in full', async () => {
    const { store, dispose } = await open({ history: 20 });
    try {
      await store.transact({ put: [{ key: 'first', value: encode(1) }] });
      const old = await store.changes(undefined, 1);
      for (let index = 0; index < 100; index += 1)
        await store.transact({ put: [{ key: `k/${index}`, value: encode(1) }] });
      const expired = await store.changes(old.cursor, 10);
      assert.equal(expired.expired, true);
      for (let index = 0; index < 15; index += 1)
        await store.transact({ put: [{ key: `l/${index}`, value: encode(1) }] });
      const kept = await store.changes(expired.cursor, 100);
      assert.ok(!kept.expired);
      assert.deepEqual(
        kept.keys,
        Array.from({ length: 15 }, (_, index) => `l/${index}`),
      );
    } finally {
      await dispose();
    }
  });

  it('commits what was handed over before it was closed, and accepts nothing after', async () => {
    const { store, dispose } = await open();
    try {
      const written = Array.from({ length: 30 }, (_, index) =>
        store.transact({ put: [{ key: `close/${index}`, value: encode(index) }] }),
      );
      const closed = store.close();
      await assert.rejects(store.transact({ put: [{ key: 'late', value: encode(1) }] }), {
        message: /store is closed/,
      });
      await closed;
      await store.close();
      assert.equal((await Promise.all(written)).length, 30);
      await assert.rejects(store.read({ get: ['close/1'] }), { message: /store is closed/ });
    } finally {
      await dispose();
    }
  });
}

function reopened(open: Open): void {
  it('has the same records, versions and change feed after it was closed and opened again', async () => {
    const { store, reopen, dispose } = await open();
    try {
      assert.ok(reopen);
      const put = ['vault/one/secret/a', 'vault/two/secret/a', 'b'].map((key) => ({ key, value: encode(key) }));
      const { cursor } = await store.changes(undefined, 1);
      const versions = await store.transact({ put });
      const again = await reopen();
      const records = await again.read({ get: put.map(({ key }) => key) });
      assert.deepEqual(
        records.map((record) => record?.version),
        versions,
      );
      const changes = await again.changes(cursor, 100);
      assert.ok(!changes.expired);
      assert.deepEqual(
        changes.keys,
        put.map(({ key }) => key),
      );
    } finally {
      await dispose();
    }
  });
}
