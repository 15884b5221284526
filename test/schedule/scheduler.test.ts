import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { Conflict, encode, notifyingStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { dueKey, duePut, dueTime, TryLater } from '../../src/schedule/due.ts';
import type { DueHandler, DueOutcome } from '../../src/schedule/handler.ts';
import { Leases } from '../../src/schedule/leases.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { keysUnder, schedule, startNode, subject } from './node.ts';

const start = 1_800_000_000_000;
const leaseMs = 30_000;

/** A change that can be made only once. */
function doneOnce(name = ''): DueOutcome {
  const key = `done/${name}`;
  return { change: { require: [{ key, version: null }], put: [{ key, value: encode(true) }] } };
}

/** Does every work by saying that it is done, and keeps the order. */
function noting(): { readonly seen: string[]; readonly handler: DueHandler } {
  const seen: string[] = [];
  return {
    seen,
    handler: async ({ name = '' }) => {
      seen.push(name);
      return doneOnce(name);
    },
  };
}

suite('due work', () => {
  test('is done in the order of its times, and not a millisecond before it is due', async (t) => {
    const store = memoryStore();
    const clock = { now: start };
    const { seen, handler } = noting();
    const { scheduler } = await startNode(t, { store, clock, handlers: { purgeObject: handler } });
    await schedule(
      store,
      'purgeObject',
      [start + 1, 'soon'],
      [start - 5, 'second'],
      [start - 90, 'first'],
      [start, 'now'],
    );
    await scheduler.runDue();
    assert.deepEqual(seen, ['first', 'second', 'now']);
    assert.deepEqual(await keysUnder(store, 'due/'), [dueKey('purgeObject', start + 1, subject('soon'))]);
    clock.now += 1;
    await scheduler.runDue();
    assert.deepEqual(seen, ['first', 'second', 'now', 'soon']);
    assert.deepEqual(await keysUnder(store, 'due/'), []);
  });

  test('commits with its record, which has no caller and no source', async (t) => {
    const store = memoryStore();
    const clock = { now: start };
    const audit = { operationName: 'KeyRotate', resourceId: '/vaults/kv', objectId: 'https://kv/keys/k' };
    const handler: DueHandler = async ({ name }) => ({ ...doneOnce(name), audit: { ...audit, properties: { x: 1 } } });
    const { scheduler, records } = await startNode(t, { store, clock, handlers: { rotateKey: handler } });
    await schedule(store, 'rotateKey', [start - 3_600_000, 'k']);
    await scheduler.runDue();
    const [record, ...others] = await records();
    assert.deepEqual(others, []);
    assert.ok(record !== undefined);
    const { correlationId, properties, ...rest } = record;
    assert.match(correlationId, /^[0-9a-f-]{36}$/);
    const { recordId, ...recorded } = properties;
    assert.ok(recordId !== undefined);
    assert.deepEqual(rest, {
      time: '2027-01-15T08:00:00.0000000Z',
      resourceId: '/VAULTS/KV',
      category: 'AuditEvent',
      operationName: 'KeyRotate',
      operationVersion: '',
      resultType: 'Success',
      resultSignature: 'OK',
      durationMs: '0',
    });
    assert.deepEqual(recorded, {
      x: 1,
      id: 'https://kv/keys/k',
      httpStatusCode: 200,
      scheduled: { kind: 'rotateKey', dueAt: '2027-01-15T07:00:00.000Z' },
    });
  });

  test('that is not due any more is dropped, and nothing is recorded', async (t) => {
    const store = memoryStore();
    const handlers = { purgeObject: async () => ({}) };
    const { scheduler, records } = await startNode(t, { store, clock: { now: start }, handlers });
    await schedule(store, 'purgeObject', [start, 'recovered']);
    await scheduler.runDue();
    assert.deepEqual(await keysUnder(store, ''), []);
    assert.deepEqual(await records(), []);
  });

  test('that is due at several times is done once after all of them', async (t) => {
    const store = memoryStore();
    const { seen, handler } = noting();
    const { scheduler } = await startNode(t, { store, clock: { now: start }, handlers: { purgeObject: handler } });
    await schedule(store, 'purgeObject', [start - 2, 'twice'], [start - 1, 'twice'], [start - 1, 'once']);
    await scheduler.runDue();
    assert.deepEqual(seen, ['twice', 'once']);
  });

  test('that follows from other work is done in the same run', async (t) => {
    const store = memoryStore();
    const { seen, handler } = noting();
    const handlers = {
      purgeObject: handler,
      purgeVault: async () => ({ change: { put: [duePut('purgeObject', start, subject('follows'))] } }),
    };
    const { scheduler } = await startNode(t, { store, clock: { now: start }, handlers });
    await schedule(store, 'purgeVault', [start, 'leads']);
    await scheduler.runDue();
    assert.deepEqual(seen, ['follows']);
    assert.deepEqual(await keysUnder(store, 'due/'), []);
  });
});

suite('work that fails', () => {
  test('is tried again, later each time, is logged, and delays nothing else', async (t) => {
    const store = memoryStore();
    const clock = { now: start };
    const { seen, handler } = noting();
    const tried: number[] = [];
    const failing: DueHandler = async (work, now) => {
      if (work.name !== 'broken') return handler(work, now, 1);
      tried.push((now - start) / 1000);
      throw new Error('the issuer is closed');
    };
    const { scheduler, errors } = await startNode(t, { store, clock, handlers: { purgeObject: failing } });
    await schedule(store, 'purgeObject', [start - 1, 'broken'], [start, 'whole']);
    await scheduler.runDue();
    assert.deepEqual(seen, ['whole']);
    for (let second = 1; second <= 40; second += 1) {
      clock.now += 1000;
      await scheduler.runDue();
    }
    assert.deepEqual(tried, [0, 1, 3, 7, 15, 31]);
    assert.equal(errors.length, tried.length);
    for (const [message, work] of errors) {
      assert.equal(message, 'Error: the issuer is closed');
      assert.match(work, /^due\/\d{15}\/purgeObject\/i\/secrets\/broken$/);
    }
    clock.now += 1_000_000_000;
    for (let hour = 0; hour < 48; hour += 1) {
      clock.now += 3_600_000;
      await scheduler.runDue();
    }
    const [waiting = ''] = await keysUnder(store, 'due/');
    assert.equal(waiting, dueKey('purgeObject', clock.now + 3_600_000, subject('broken')), 'an hour at most');
  });

  test('under a clock that was ahead is tried again when the clock is right, and not before it was due at first', async (t) => {
    const year = 365 * 86_400_000;
    for (const isRestarted of [true, false]) {
      const store = memoryStore();
      const clock = { now: start + year };
      const { seen, handler } = noting();
      const failing: DueHandler = async (work, now) => {
        if (now >= start + year) throw new Error('the issuer is closed');
        return handler(work, now, 1);
      };
      const parts = { store, clock, handlers: { renewCertificate: failing } };
      const { scheduler } = await startNode(t, parts);
      await schedule(store, 'renewCertificate', [start - 5, 'overdue'], [start + 7_200_000, 'later']);
      await scheduler.runDue();
      clock.now = start;
      const next = isRestarted ? (await startNode(t, parts)).scheduler : scheduler;
      await schedule(store, 'renewCertificate', [start + 2 * year, 'far']);
      await next.runDue();
      assert.deepEqual(seen, ['overdue']);
      clock.now = start + 7_200_000 - 1;
      await next.runDue();
      assert.deepEqual(seen, ['overdue']);
      clock.now += 1;
      await next.runDue();
      assert.deepEqual(seen, ['overdue', 'later']);
      assert.deepEqual(await keysUnder(store, 'due/'), [dueKey('renewCertificate', start + 2 * year, subject('far'))]);
    }
  });

  test('because something changed meanwhile is decided again at once', async (t) => {
    const store = memoryStore();
    let decisions = 0;
    const handler: DueHandler = async () => {
      decisions += 1;
      const [rules] = await store.read({ get: ['rules'] });
      if (decisions < 3) await store.transact({ put: [{ key: 'rules', value: encode(decisions) }] });
      return { change: { require: [{ key: 'rules', version: rules?.version ?? null }], delete: ['rules'] } };
    };
    const { scheduler, errors } = await startNode(t, {
      store,
      clock: { now: start },
      handlers: { rotateKey: handler },
    });
    await schedule(store, 'rotateKey', [start, 'k']);
    await scheduler.runDue();
    assert.equal(decisions, 3);
    assert.deepEqual(errors, []);
    assert.deepEqual(await keysUnder(store, ''), []);
  });

  test('because something changes again and again is left for later', async (t) => {
    const store = memoryStore();
    const handler: DueHandler = async () => {
      throw new Conflict('busy');
    };
    const { scheduler, errors } = await startNode(t, {
      store,
      clock: { now: start },
      handlers: { rotateKey: handler },
    });
    await schedule(store, 'rotateKey', [start, 'k']);
    await scheduler.runDue();
    assert.deepEqual(
      errors.map(([message]) => message),
      ['Conflict: the record busy is not in the required state'],
    );
    assert.deepEqual(await keysUnder(store, 'due/'), [dueKey('rotateKey', start + 1000, subject('k'))]);
  });

  test('because this server does not know its kind is kept for one that does', async (t) => {
    const store = memoryStore();
    const clock = { now: start };
    const old = await startNode(t, { store, clock, handlers: {} });
    await schedule(store, 'renewCertificate', [start, 'c']);
    await old.scheduler.runDue();
    assert.match(String(old.errors), /no handler does work of the kind renewCertificate/);
    const { seen, handler } = noting();
    const young = await startNode(t, { store, clock, handlers: { renewCertificate: handler } });
    clock.now += 1000;
    await young.scheduler.runDue();
    assert.deepEqual(seen, ['c']);
  });
});

suite('a store that fails', () => {
  /** Commits nothing while `full` is true. */
  function filling() {
    const inner = memoryStore();
    const disk = { full: false };
    const transact: Store['transact'] = (transaction) =>
      disk.full ? Promise.reject(new Error('database or disk is full')) : inner.transact(transaction);
    return { store: { ...bound(inner), transact }, disk };
  }

  function bound(store: Store): Store {
    return {
      read: (request) => store.read(request),
      list: (request) => store.list(request),
      transact: (transaction) => store.transact(transaction),
      readMany: (requests) => store.readMany(requests),
      changes: (since, limit) => store.changes(since, limit),
      close: () => store.close(),
    };
  }

  test('while work is in progress: it is tried until there is room, and these attempts are not counted', async (t) => {
    const { store, disk } = filling();
    const clock = { now: start };
    const attempts: number[] = [];
    const handler: DueHandler = async ({ name }, _now, attempt) => {
      attempts.push(attempt);
      if (attempts.length === 1) disk.full = true;
      return doneOnce(name);
    };
    const { scheduler, errors } = await startNode(t, { store, clock, handlers: { purgeObject: handler } });
    await schedule(store, 'purgeObject', [start, 'x']);
    await scheduler.runDue();
    for (let second = 1; second <= 3600; second += 1) {
      clock.now += 1000;
      await scheduler.runDue().catch(() => {});
    }
    assert.ok(attempts.length > 300, 'every ten seconds at least');
    assert.match(String(errors.at(-1)), /disk is full/);
    disk.full = false;
    clock.now += 10_000;
    await scheduler.runDue();
    assert.deepEqual(await keysUnder(store, ''), ['done/x']);
    assert.deepEqual(new Set(attempts), new Set([1]));
  });

  test('for a reason that passes is tried again soon after it has passed', async (t) => {
    const store = memoryStore();
    const clock = { now: start };
    let isFull = true;
    const handler: DueHandler = async ({ name }) => {
      if (isFull) throw new TryLater('the audit log cannot be written');
      return doneOnce(name);
    };
    const { scheduler } = await startNode(t, { store, clock, handlers: { rotateKey: handler } });
    await schedule(store, 'rotateKey', [start, 'k']);
    for (let second = 0; second < 600; second += 1) {
      await scheduler.runDue();
      clock.now += 1000;
    }
    isFull = false;
    clock.now += 10_000;
    await scheduler.runDue();
    assert.deepEqual(await keysUnder(store, ''), ['done/k']);
  });
});

suite('several nodes on one store', () => {
  test('do each work once between them', async (t) => {
    const store = memoryStore();
    const clock = { now: start };
    const nodes = await Promise.all(
      [1, 2, 3].map(async () => {
        const { seen, handler } = noting();
        const { scheduler, errors } = await startNode(t, { store, clock, handlers: { purgeObject: handler } });
        return { seen, scheduler, errors };
      }),
    );
    const names = Array.from({ length: 100 }, (_, n) => `w${n}`);
    await schedule(store, 'purgeObject', ...names.map((name, n) => [start - n, name] as const));
    await Promise.all(nodes.map(({ scheduler }) => scheduler.runDue()));
    assert.deepEqual(nodes.flatMap(({ seen }) => seen).toSorted(), names.toSorted());
    assert.ok(
      nodes.every(({ seen }) => seen.length < names.length),
      'no node had it all',
    );
    assert.deepEqual(
      nodes.flatMap(({ errors }) => errors),
      [],
    );
    assert.equal((await keysUnder(store, 'done/')).length, names.length);
  });

  test('take over the work of a node that died, when its lease has expired and not before', async (t) => {
    const store = memoryStore();
    const clock = { now: start };
    let revive = () => {};
    const hanging: DueHandler = ({ name }) =>
      new Promise((resolve) => {
        revive = () => resolve({ change: { put: [{ key: `late/${name}`, value: encode(true) }] } });
      });
    const dead = await startNode(t, { store, clock, handlers: { purgeObject: hanging } });
    const { seen, handler } = noting();
    const other = await startNode(t, { store, clock, handlers: { purgeObject: handler } });
    await schedule(store, 'purgeObject', [start, 'orphan']);
    const never = dead.scheduler.runDue();
    while ((await keysUnder(store, 'due/')).includes(dueKey('purgeObject', start, subject('orphan'))));
    clock.now += leaseMs - 1;
    await other.scheduler.runDue();
    assert.deepEqual(seen, []);
    clock.now += 1;
    await other.scheduler.runDue();
    assert.deepEqual(seen, ['orphan']);
    // It was only very slow: its change comes too late and is refused.
    revive();
    await never;
    assert.deepEqual(await keysUnder(store, ''), ['done/orphan']);
    assert.deepEqual(dead.errors, []);
  });

  test('that has the store to itself takes over the work of the one before at its start, and leaves its own', async (t) => {
    const store = memoryStore();
    const clock = { now: start };
    const { promise, resolve: release } = Promise.withResolvers<DueOutcome>();
    const hanging: DueHandler = () => promise;
    const killed = new Leases({ store, now: () => clock.now, alone: true });
    const names = Array.from({ length: 250 }, (_, n) => `w${n}`);
    await schedule(store, 'purgeObject', ...names.map((name) => [start, name] as const));
    await schedule(store, 'rotateKey', [start, 'slow']);
    while ((await killed.take(100)).length > 0);
    assert.deepEqual(await keysUnder(store, 'due/'), []);
    const { seen, handler } = noting();
    const { scheduler } = await startNode(t, {
      store,
      clock,
      handlers: { purgeObject: handler, rotateKey: hanging },
      alone: true,
    });
    const own = scheduler.claim('purgeObject', subject('own'));
    await store.transact({ put: [own.put] });
    const run = scheduler.runDue();
    while (seen.length < names.length) await new Promise(setImmediate);
    assert.deepEqual(seen.toSorted(), names.toSorted());
    while ((await keysUnder(store, 'lease/')).length > 2) await new Promise(setImmediate);
    release({});
    await run;
    assert.deepEqual(await keysUnder(store, 'lease/'), [own.put.key]);
  });

  test('whatever fails and whenever: each work is done once, and never before its time', async (t) => {
    const at = fc.nat({ max: 30 });
    const step = fc.record({ advance: fc.nat({ max: 10 }), node: fc.nat({ max: 1 }), fails: fc.boolean() });
    const run = fc.asyncProperty(
      fc.uniqueArray(at, { maxLength: 12 }),
      fc.array(step, { maxLength: 15 }),
      async (times, steps) => {
        const store = memoryStore();
        const clock = { now: start };
        let fails = false;
        const done: string[] = [];
        const handler: DueHandler = async ({ name = '' }, now) => {
          if (fails) throw new Error('not now');
          assert.ok(now >= start + 1000 * Number(name), 'not before its time');
          done.push(name);
          return doneOnce(name);
        };
        const nodes = [
          await startNode(t, { store, clock, handlers: { purgeObject: handler } }),
          await startNode(t, { store, clock, handlers: { purgeObject: handler } }),
        ];
        await schedule(store, 'purgeObject', ...times.map((time) => [start + 1000 * time, String(time)] as const));
        for (const { advance, node, ...rest } of steps) {
          fails = rest.fails;
          clock.now += advance * 1000;
          await nodes[node]?.scheduler.runDue();
        }
        fails = false;
        clock.now += 100_000_000;
        await Promise.all(nodes.map(({ scheduler }) => scheduler.runDue()));
        assert.deepEqual(done.toSorted(), times.map(String).toSorted());
        assert.deepEqual(await keysUnder(store, 'due/'), []);
      },
    );
    await fc.assert(run, { numRuns: 50 });
  });
});

suite('a scheduler that was started', () => {
  /** Handles one work, and reports it. */
  function once(): { readonly done: Promise<string>; readonly handler: DueHandler } {
    const { promise, resolve } = Promise.withResolvers<string>();
    return {
      done: promise,
      handler: async ({ name = '' }) => {
        resolve(name);
        return doneOnce(name);
      },
    };
  }

  async function started(t: Parameters<typeof startNode>[0], store: Store, handler: DueHandler) {
    const clock = {
      get now() {
        return Date.now();
      },
    };
    const { scheduler } = await startNode(t, { store, clock, handlers: { completeCertificate: handler } });
    scheduler.start();
    return scheduler;
  }

  test('does what became due while the server was down', async (t) => {
    const store = memoryStore();
    const { done, handler } = once();
    await schedule(store, 'completeCertificate', [Date.now() - 90 * 86_400_000, 'overdue']);
    await started(t, store, handler);
    assert.equal(await done, 'overdue');
  });

  test('is told of work that is committed, and does it when it is due', async (t) => {
    const store = memoryStore();
    const { done, handler } = once();
    const scheduler = await started(t, store, handler);
    // Idle by now: it has looked, found nothing, and would sleep for a long time.
    await scheduler.runDue();
    const told = notifyingStore(store, (keys) => keys.forEach((key) => scheduler.wake(dueTime(key))));
    const at = Date.now() + 40;
    await schedule(told, 'completeCertificate', [at + 3_600_000, 'later'], [at, 'soon']);
    assert.equal(await done, 'soon');
    assert.ok(Date.now() >= at);
  });
});
