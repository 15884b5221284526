import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAudit } from '../../src/audit/audit.ts';
import type { Audit } from '../../src/audit/audit.ts';
import { openAuditLog } from '../../src/audit/log.ts';
import { defaultQuota } from '../../src/audit/quota.ts';
import { recordIdMaker } from '../../src/audit/outbox.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { decode } from '../../src/store/store.ts';
import type { Put, Store, Transaction } from '../../src/store/store.ts';
import { linesOf } from './log-lines.ts';
import { recordNamed } from './request-events.ts';

interface Place {
  readonly directory: string;
  readonly store: Store;
  readonly notices: string[];
}

function place(t: TestContext, store = memoryStore()): Place {
  const directory = mkdtempSync(join(tmpdir(), 'postern-audit-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return { directory, store, notices: [] };
}

function open({ directory, store, notices }: Place): Promise<Audit> {
  const notice = (message: string) => notices.push(message);
  const log = openAuditLog({ directory, maxBytes: 1 << 26, files: 2, keepMs: 0, fsync: false, now: Date.now, notice });
  return openAudit({ store, log, now: () => 1_700_000_000_000, random: randomBytes, quota: defaultQuota, notice });
}

async function change(audit: Audit, store: Store, name: string): Promise<Put> {
  const { put } = audit.stage(recordNamed(name));
  await store.transact({ put: [put] });
  return put;
}

async function readUntil(audit: Audit, condition: () => boolean): Promise<void> {
  for (let n = 0; n < 5000; n += 1) {
    if (condition()) return;
    await audit.read(recordNamed('read'));
    // A busy disk needs its time.
    await sleep(1);
  }
  assert.fail('5,000 reads later it has not come about');
}

const staged = (store: Store) => store.list({ prefix: 'outbox/', limit: 10_000 });
const namesIn = ({ directory }: Place) => linesOf(directory).map(({ correlationId }) => correlationId);

suite('a change’s record', () => {
  test('is put into the store by its transaction, and afterwards is in the log once and not in the store', async (t) => {
    const at = place(t);
    const audit = await open(at);
    const put = await change(audit, at.store, 'a');
    assert.match(put.key, /^outbox\/audit\/[0-9a-f-]{36}$/);
    const [record] = await staged(at.store);
    assert.ok(record !== undefined);
    assert.deepEqual(namesIn(at), []);
    audit.committed();
    await audit.close();
    assert.deepEqual(linesOf(at.directory), [decode(record)]);
    assert.equal(linesOf(at.directory)[0]?.properties.recordId, put.key.slice('outbox/audit/'.length));
    assert.deepEqual(await staged(at.store), []);
  });

  test('is once in a copy of the store and the log that is taken while both are held, and not there if it is later', async (t) => {
    const at = place(t);
    const audit = await open(at);
    const note = async (name: string) => audit.committed([await change(audit, at.store, name)]);
    await note('before');
    await readUntil(audit, () => namesIn(at).includes('before'));
    const copy = place(t);
    await audit.whileHeld(async () => {
      await note('first');
      const records = await at.store.list({ prefix: '', limit: 100 });
      await copy.store.transact({ put: records.map(({ key, value }) => ({ key, value })) });
      await note('later');
      // Long enough for a batch that does not wait.
      for (let n = 0; n < 100; n += 1) await sleep(1);
      cpSync(at.directory, copy.directory, { recursive: true });
    });
    await readUntil(audit, () => namesIn(at).includes('later'));
    await audit.close();
    const again = await open(copy);
    await again.close();
    const changes = (of: Place) => namesIn(of).filter((name) => name !== 'read');
    assert.deepEqual(changes(copy), ['before', 'first']);
    assert.deepEqual(changes(at), ['before', 'first', 'later']);
  });

  test('is nowhere if its transaction failed', async (t) => {
    const at = place(t);
    const audit = await open(at);
    const { put } = audit.stage(recordNamed('a'));
    await assert.rejects(at.store.transact({ require: [{ key: 'x', version: 'y' }], put: [put] }));
    await audit.close();
    assert.deepEqual(namesIn(at), []);
  });

  test('is in the log in the order in which many were staged', async (t) => {
    const at = place(t);
    const audit = await open(at);
    const names = Array.from({ length: 1000 }, (_, n) => `${n}`);
    for (const name of names) {
      await change(audit, at.store, name);
      audit.committed();
    }
    await audit.close();
    assert.deepEqual(namesIn(at), names);
  });
});

suite('a change’s record that this process committed', () => {
  /** The same store, which notes how often it is listed. */
  function listed(): { store: Store; lists: () => number } {
    const store = memoryStore();
    let lists = 0;
    return {
      store: {
        read: (request) => store.read(request),
        list: (request) => {
          lists += 1;
          return store.list(request);
        },
        readMany: (requests) => store.readMany(requests),
        changes: (since, limit) => store.changes(since, limit),
        close: () => store.close(),
        transact: (transaction) => store.transact(transaction),
      },
      lists: () => lists,
    };
  }

  test('is not read from the store again', async (t) => {
    const { store, lists } = listed();
    const at = place(t, store);
    const audit = await open(at);
    const before = lists();
    for (const name of ['a', 'b', 'c']) {
      audit.committed([await change(audit, store, name)]);
      await readUntil(audit, () => namesIn(at).includes(name));
    }
    assert.equal(lists(), before);
    await audit.close();
    assert.deepEqual(
      namesIn(at).filter((name) => name !== 'read'),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(await staged(store), []);
  });

  test('is sent off once, though others that are not known are, too, and are listed with it', async (t) => {
    const at = place(t);
    const audit = await open(at);
    const names: string[] = [];
    for (let n = 0; n < 600; n += 1) {
      const name = String(n);
      names.push(name);
      const put = await change(audit, at.store, name);
      if (n % 3 === 0) audit.committed();
      // Its commit is told of later, when a list may have had it.
      else setImmediate(() => audit.committed([put]));
      if (n % 50 === 0) await readUntil(audit, () => namesIn(at).includes(name));
    }
    await audit.close();
    assert.deepEqual(
      namesIn(at)
        .filter((name) => name !== 'read')
        .toSorted((one, other) => Number(one) - Number(other)),
      names,
    );
    assert.deepEqual(await staged(at.store), []);
  });

  test('is sent off also where its transaction seemed to fail', async (t) => {
    const at = place(t);
    const audit = await open(at);
    const put = await change(audit, at.store, 'a');
    audit.failed([put], new Error('the answer of the store was lost'));
    audit.committed([await change(audit, at.store, 'b')]);
    await readUntil(audit, () => namesIn(at).includes('b'));
    await audit.close();
    assert.deepEqual(
      namesIn(at).filter((name) => name !== 'read'),
      ['a', 'b'],
    );
  });
});

suite('what a crash left in the store', () => {
  /** Writes what a process that died between `write` and the delete would have written. */
  async function crashAfter(at: Place, names: readonly string[], shipped: number): Promise<void> {
    const audit = await open(at);
    for (const name of names) await change(audit, at.store, name);
    const records = await staged(at.store);
    const log = openAuditLog({
      ...at,
      maxBytes: 1 << 26,
      files: 2,
      keepMs: 0,
      fsync: false,
      now: Date.now,
      notice: assert.fail,
    });
    await log.write(records.slice(0, shipped).map((record) => JSON.stringify(decode(record))));
    await log.close();
  }

  for (const shipped of [0, 1, 3, 4]) {
    test(`is shipped first at the next start, once, if ${shipped} of 4 were written before the crash`, async (t) => {
      const at = place(t);
      await crashAfter(at, ['a', 'b', 'c', 'd'], shipped);
      const audit = await open(at);
      assert.deepEqual(namesIn(at), ['a', 'b', 'c', 'd']);
      assert.deepEqual(await staged(at.store), []);
      await audit.close();
    });
  }

  test('is found in the log after other records, older changes and many reads', async (t) => {
    const at = place(t);
    const audit = await open(at);
    await change(audit, at.store, 'old');
    audit.committed();
    await audit.close();
    await crashAfter(at, ['a', 'b'], 2);
    const log = openAuditLog({
      ...at,
      maxBytes: 1 << 26,
      files: 2,
      keepMs: 0,
      fsync: false,
      now: Date.now,
      notice: assert.fail,
    });
    await log.write(Array.from({ length: 3000 }, () => JSON.stringify(recordNamed('read'))));
    await log.close();
    await (await open(at)).close();
    assert.deepEqual(
      namesIn(at).filter((name) => name !== 'read'),
      ['old', 'a', 'b'],
    );
  });

  test('may be more than a batch', async (t) => {
    const at = place(t);
    const names = Array.from({ length: 700 }, (_, n) => `${n}`);
    await crashAfter(at, names, 256);
    await (await open(at)).close();
    assert.deepEqual(namesIn(at), names);
    assert.deepEqual(await staged(at.store), []);
  });
});

test('a store that fails to delete does not make the log have a record twice', async (t) => {
  const memory = memoryStore();
  const failures: Error[] = [];
  const store: Store = {
    read: (request) => memory.read(request),
    list: (request) => memory.list(request),
    readMany: (requests) => memory.readMany(requests),
    changes: (since, limit) => memory.changes(since, limit),
    close: () => memory.close(),
    async transact(transaction: Transaction) {
      if (transaction.delete === undefined || failures.length === 2) return memory.transact(transaction);
      const failure = new Error('the disk has gone');
      failures.push(failure);
      throw failure;
    },
  };
  const at = place(t, store);
  const audit = await open(at);
  await change(audit, store, 'a');
  audit.committed();
  // The rest comes after the first failure, and after the second.
  await readUntil(audit, () => failures.length === 1);
  await change(audit, store, 'b');
  audit.committed();
  await readUntil(audit, () => failures.length === 2);
  await audit.close();
  assert.deepEqual(
    namesIn(at).filter((name) => name !== 'read'),
    ['a', 'b'],
  );
  assert.deepEqual(await staged(store), []);
  assert.deepEqual(at.notices, ['Audit records of changes wait in the store: Error: the disk has gone']);
});

suite('record ids', () => {
  const random = () => new Uint8Array([255, 1, 2, 3, 4, 5, 6, 7]);

  test('are UUIDs of version 7', () => {
    const make = recordIdMaker(() => 1_700_000_000_000, random);
    assert.deepEqual(
      [make(), make()],
      ['018bcfe5-6800-7000-bf01-020304050607', '018bcfe5-6800-7001-bf01-020304050607'],
    );
  });

  test('ascend and are unique within a millisecond, beyond its counter, and when the clock goes back', () => {
    const times = [...Array.from({ length: 10_000 }, () => 5000), 5001, 4000, 4000, 5002, 6000];
    let turn = 0;
    const make = recordIdMaker(() => times[turn++] ?? 0, random);
    const ids = times.map(() => make());
    assert.deepEqual(ids.toSorted(), ids);
    assert.equal(new Set(ids).size, ids.length);
  });
});
