import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AuditUnavailable } from '../../src/audit/log.ts';
import { Refused } from '../../src/edge/edge.ts';
import { wait } from '../../src/store/records.ts';
import type { Need, Reading } from '../../src/store/records.ts';
import { Conflict } from '../../src/store/store.ts';
import type { Done } from '../../src/edge/edge.ts';
import { answering, connection, Model, modelEdge, quiet, record } from './model.ts';

/** Work that reads a record this many times, one after the other. */
function* reading(id: string, rounds: number): Reading<Done> {
  for (let round = 0; round < rounds; round += 1) {
    const need: Need = { kind: 'list', list: { prefix: listed, limit: 1 } };
    yield need;
  }
  return yield* answering(id);
}

const listed = 'a/' as never;

/** Work that waits for a promise, and then answers. */
function* after(id: string, until: Promise<unknown>): Reading<Done> {
  yield* wait(until);
  return yield* answering(id);
}

// oxlint-disable-next-line require-yield -- it fails before
function* failing(error: unknown): Reading<Done> {
  throw error;
}

function* changing(id: string, more: Partial<Done> = {}): Reading<Done> {
  return yield* answering(id, { change: { put: [{ key: `made/${id}`, value: Buffer.from('1') }] }, ...more });
}

const upTo = (count: number) => [...Array(count).keys()];

const events = (model: Model, id: string) => model.seen.filter((event) => event.startsWith(`${id} `));

suite('a turn', () => {
  test('records all reads in one write, and answers none before it', async () => {
    const model = new Model();
    model.write = () => {
      assert.deepEqual(model.seen, []);
      return undefined;
    };
    const answers = await Promise.all(['a', 'b', 'c'].map((id) => model.send(id)));
    assert.deepEqual(
      answers.map((answer) => answer?.body),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(model.written, [['a', 'b', 'c']]);
    for (const id of ['a', 'b', 'c']) assert.deepEqual(events(model, id), [`${id} 200`, `${id} over`]);
  });

  test('begins as soon as 64 requests have arrived, whatever comes from other connections', async () => {
    for (const [count, begun] of [
      [63, []],
      [64, [64]],
      [70, [70]],
    ] as const) {
      const model = new Model();
      const sent: Promise<unknown>[] = [];
      let before: readonly number[] = [];
      // Node runs the callbacks of two sockets like these two: in one turn of the event loop, one after the other.
      setImmediate(() => sent.push(...upTo(count).map((id) => model.send(`${id}`))));
      setImmediate(() => {
        before = model.written.map(({ length }) => length);
        sent.push(model.send('other'));
      });
      await quiet();
      await Promise.all(sent);
      assert.deepEqual(before, begun);
      assert.deepEqual(model.written.flat(), [...upTo(count).map(String), 'other']);
    }
  });

  test('answers no read before its record is on the disk, if the log waits for that', async () => {
    const model = new Model();
    const synced = Promise.withResolvers<void>();
    model.write = () => synced.promise;
    const both = Promise.all([model.send('a'), model.send('b')]);
    await quiet();
    assert.deepEqual(model.seen, []);
    synced.resolve();
    assert.deepEqual(
      (await both).map((answer) => answer?.status),
      [200, 200],
    );
  });

  test('answers all its reads 503 when their records cannot be written', async () => {
    for (const isLate of [false, true]) {
      const model = new Model();
      const full = new AuditUnavailable('the disk is full');
      model.write = () => {
        if (isLate) return Promise.reject(full);
        throw full;
      };
      const answers = await Promise.all([model.send('a'), model.send('b')]);
      const unavailable = { status: 503, body: 'recordUnavailable' };
      assert.deepEqual(answers, [unavailable, unavailable]);
      assert.equal(model.ends('a'), 1);
    }
  });

  test('lets a request fail without the others, wherever it fails', async () => {
    const bad = new Error('bad');
    const throwing = () => {
      throw bad;
    };
    const refuse = () => failing(new Refused({ kind: 'no' }));
    const rows = {
      step: [{ step: throwing }],
      once: [{ once: throwing }],
      work: [{ work: () => failing(bad) }],
      requirements: [{ requirements: throwing, work: refuse }],
      renew: [{ work: () => failing(new Conflict('a')), renew: throwing }],
      'renew, later': [{ work: () => failing(new Conflict('a')), renew: () => Promise.reject(bad) }],
      records: [{ work: () => answering('bad', { records: [{ ...record('bad'), properties: { a: 1n } } as never] }) }],
    } as const;
    for (const [where, [asked]] of Object.entries(rows)) {
      const model = new Model();
      const answers = await Promise.all([
        model.send('before', { work: () => reading('before', 1) }),
        model.send('bad', asked),
        model.send('behind', { work: () => reading('behind', 1) }),
      ]);
      assert.deepEqual(
        answers.map((answer) => answer?.status),
        [200, 500, 200],
        where,
      );
      assert.deepEqual(model.logged.length, 1, where);
      for (const id of ['before', 'bad', 'behind']) assert.equal(model.ends(id), 1, `${where}: ${id}`);
      await model.turns.close();
    }
  });

  test('cuts off a request whose answer cannot be made or sent, and answers the others', async () => {
    const throwing = () => {
      throw new Error('bad');
    };
    const model = new Model();
    const answers = await Promise.all([
      model.send('a'),
      model.send('bad', { work: () => failing(new Error('first')) }, { failed: throwing }),
      model.send('over', {}, { over: throwing }),
      model.send('b'),
    ]);
    assert.deepEqual(
      answers.map((answer) => answer?.status),
      [200, undefined, 200, 200],
    );
    const unsendable = Promise.withResolvers<string[]>();
    const told: string[] = [];
    const { turns } = model;
    const request = { requestId: 'c', connection: connection() };
    turns.answer({
      edge: modelEdge,
      services: model,
      request: {
        ...request,
        step: () => 1,
        once: () => 1,
        requirements: () => [],
        renew: () => undefined,
        work: () => answering('c'),
      },
      respond(answer) {
        told.push(String(answer?.status));
        if (answer !== undefined) throw new Error('a header that cannot be sent');
        unsendable.resolve(told);
      },
    });
    const behind = model.send('behind');
    assert.deepEqual(await unsendable.promise, ['200', 'undefined']);
    assert.equal((await behind)?.status, 200);
    await model.turns.close();
  });

  test('fails only the requests that read when the store fails, or returns too few results', async () => {
    for (const store of [
      () => {
        throw new Error('bad');
      },
      () => Promise.reject(new Error('bad')),
      () => [],
    ]) {
      const model = new Model();
      model.readMany = store;
      const answers = await Promise.all([model.send('a', { work: () => reading('a', 1) }), model.send('b')]);
      assert.deepEqual(
        answers.map((answer) => answer?.status),
        [500, 200],
      );
    }
  });
});

suite('a request', () => {
  test('that reads more than three times continues in the next turn, and delays no other', async () => {
    const model = new Model();
    await Promise.all([model.send('long', { work: () => reading('long', 7) }), model.send('short')]);
    assert.deepEqual(model.written, [['short'], ['long']]);
  });

  test('that waits leaves its turn, and joins a later one', async () => {
    const model = new Model();
    const until = Promise.withResolvers<string>();
    const late = model.send('late', { work: () => after('late', until.promise) });
    assert.equal((await model.send('b'))?.status, 200);
    until.resolve('');
    assert.equal((await late)?.status, 200);
    assert.deepEqual(model.written, [['b'], ['late']]);
  });

  test('that leaves a turn while it reads is answered, recorded and committed once', async () => {
    for (const [kind, work] of [
      ['read', answering],
      ['change', changing],
    ] as const) {
      const model = new Model();
      const read = Promise.withResolvers<void>();
      const { readMany } = model;
      model.readMany = async (requests) => {
        await read.promise;
        return readMany(requests);
      };
      const slow = model.send('slow', { work: () => reading('slow', 1) });
      const left = model.send('left', {
        *work() {
          yield* wait(Promise.resolve());
          return yield* work('left');
        },
      });
      await left;
      read.resolve();
      await slow;
      await quiet();
      assert.equal(events(model, 'left').filter((event) => event === 'left 200').length, 1, kind);
      assert.equal(model.ends('left'), 1, kind);
      assert.equal(model.written.flat().filter((id) => id === 'left').length, kind === 'read' ? 1 : 0, kind);
      const outbox = await model.store.list({ prefix: 'outbox/left/', limit: 10 });
      assert.equal(outbox.length, kind === 'read' ? 0 : 1, kind);
      await model.turns.close();
    }
  });

  test('that leaves a turn while it reads gets the result of its read in the later turn', async () => {
    const model = new Model();
    await model.store.transact({ put: [{ key: 'a/1', value: Buffer.from('{"a":1}') }] });
    const reads: PromiseWithResolvers<void>[] = [];
    const { readMany } = model;
    model.readMany = async (requests) => {
      const read = Promise.withResolvers<void>();
      reads.push(read);
      await read.promise;
      return readMany(requests);
    };
    const given: unknown[] = [];
    const slow = model.send('slow', { work: () => reading('slow', 1) });
    const left = model.send('left', {
      *work() {
        yield* wait(Promise.resolve());
        const need: Need = { kind: 'list', list: { prefix: listed, limit: 1 } };
        given.push(yield need);
        return yield* answering('left');
      },
    });
    await quiet();
    assert.equal(reads.length, 2);
    reads[0]?.resolve();
    await slow;
    await quiet();
    assert.deepEqual(given, [], 'the turn that it has left gives it nothing');
    assert.equal(reads.length, 2);
    reads[1]?.resolve();
    await left;
    assert.equal(given.length, 1);
  });

  test('that meets a conflict is decided again, at most ten times', async () => {
    for (const [conflicts, status] of [
      [9, 200],
      [10, 409],
      [1_000, 409],
    ] as const) {
      for (const where of ['work', 'step', 'commit']) {
        const model = new Model();
        let [decided, received, left] = [0, 0, conflicts];
        const renewed: string[] = [];
        const conflict = () => left-- > 0;
        const answer = await model.send('a', {
          step() {
            decided += 1;
            if (where === 'step' && conflict()) throw new Conflict('rule');
            return decided;
          },
          once: () => (received += 1),
          renew: (key) => void renewed.push(key),
          work() {
            if (where === 'work' && conflict()) return failing(new Conflict('rule'));
            if (where !== 'commit') return answering('a');
            return changing('a', {
              change: { require: conflict() ? [{ key: 'rule', version: 'another' }] : [] },
            });
          },
        });
        const attempts = Math.min(conflicts + 1, 10);
        assert.equal(answer?.status, status, where);
        assert.equal(decided, attempts, where);
        assert.equal(received, where === 'step' && status === 409 ? 0 : 1, where);
        assert.deepEqual(renewed, Array(attempts - 1).fill('rule'), where);
        assert.equal(model.ends('a'), 1, where);
      }
    }
  });

  test('that is refused by rules that are no longer in force is decided again', async () => {
    const model = new Model();
    const [version = ''] = await model.store.transact({ put: [{ key: 'rule', value: Buffer.from('1') }] });
    let known = 'an earlier version';
    let decided = 0;
    const answer = await model.send('a', {
      requirements: () => [{ key: 'rule', version: known }],
      step() {
        decided += 1;
        if (known !== version) throw new Refused({ kind: 'no' });
        return decided;
      },
      renew: () => void (known = version),
    });
    assert.equal(answer?.status, 200);
    assert.equal(decided, 2);
    const refused = await model.send('b', {
      requirements: () => [{ key: 'rule', version }],
      work: () => failing(new Refused({ kind: 'no' })),
    });
    assert.equal(refused?.status, 403);
    assert.deepEqual(events(model, 'b'), ['b recorded', 'b 403', 'b over'], 'recorded first');
  });

  test('is answered 500 instead of its refusal if the rules in force cannot be read', async () => {
    const model = new Model();
    model.readMany = () => {
      throw new Error('bad');
    };
    const answer = await model.send('a', {
      requirements: () => [{ key: 'rule', version: null }],
      work: () => failing(new Refused({ kind: 'no' })),
    });
    assert.equal(answer?.body, 'internal');
  });

  test('whose change is committed is never decided again, even if the next step fails', async () => {
    const model = new Model();
    let [commits, runs] = [0, 0];
    const answer = await model.send('a', {
      work() {
        runs += 1;
        const committed = () => {
          commits += 1;
          throw new Conflict('rule');
        };
        return changing('a', { committed });
      },
    });
    assert.deepEqual([commits, runs, answer?.status], [1, 1, 500]);
    assert.equal((await model.store.list({ prefix: 'outbox/', limit: 9 })).length, 1);
  });

  test('that changes something is answered when the change is in force, not before', async () => {
    const model = new Model();
    const committed = async () => {
      await quiet(3);
      model.seen.push('a in force');
    };
    await model.send('a', { work: () => changing('a', { committed }) });
    assert.deepEqual(model.seen, ['a in force', 'a 200', 'a over']);
  });
});

suite('connections', () => {
  test('have up to 8 requests each in a turn, and a turn has up to 256', async () => {
    const model = new Model();
    const connections = upTo(40).map(connection);
    const named = (from: number, to: number) =>
      upTo(to - from).flatMap((at) => upTo(8).map((nth) => `${from + at}.${nth}`));
    const sent = connections.flatMap((own, at) =>
      upTo(9).map((nth) => model.send(`${at}.${nth}`, { connection: own })),
    );
    await Promise.all(sent);
    assert.deepEqual(model.written[0], named(0, 32));
    assert.deepEqual(model.written[1]?.slice(0, 64), named(32, 40), 'those that have had nothing go first');
    assert.equal(model.written.flat().length, 360);
  });

  test('that send without end do not delay another', async () => {
    const model = new Model();
    const busy = Array.from({ length: 50 }, connection);
    let left = 5_000;
    const more = (at: number): void => {
      if (left-- > 0) void model.send(`busy ${left}`, { connection: busy[at] ?? connection() }).then(() => more(at));
    };
    busy.forEach((_, at) => Array.from({ length: 20 }, () => more(at)));
    await model.send('single', { connection: connection() });
    const before = model.written.findIndex((turn) => turn.includes('single'));
    assert.ok(before <= 2, `in turn ${before}`);
  });

  test('with more than 32 requests under way are not read from until only 8 are left', async () => {
    const model = new Model();
    const [busy, calm] = [connection(), connection()];
    const until = Promise.withResolvers<string>();
    const sent = upTo(32).map((at) => model.send(`calm ${at}`, { connection: calm }));
    sent.push(...upTo(25).map((at) => model.send(`${at}`, { connection: busy, work: () => after('', until.promise) })));
    sent.push(...upTo(8).map((at) => model.send(`busy ${at}`, { connection: busy })));
    await quiet();
    // Node does this at the end of each message.
    busy.resume();
    assert.deepEqual(busy.calls, ['pause']);
    until.resolve('');
    await Promise.all(sent);
    assert.deepEqual(calm.calls, []);
    assert.deepEqual(busy.calls, ['pause', 'resume']);
    busy.resume();
    assert.deepEqual(busy.calls, ['pause', 'resume', 'resume']);
  });
});

suite('closing', () => {
  test('waits for all requests under way, in a turn or out of it, and resolves at once without any', async () => {
    const model = new Model();
    await model.turns.close();
    const until = Promise.withResolvers<string>();
    const late = model.send('late', { work: () => after('late', until.promise) });
    void model.send('soon');
    let isClosed = false;
    const closing = model.turns.close().then(() => (isClosed = true));
    await quiet();
    assert.deepEqual([isClosed, model.ends('soon')], [false, 1]);
    until.resolve('');
    await Promise.all([closing, late]);
    assert.equal(model.ends('late'), 1);
    // The same for a request that came since.
    const more = model.send('more');
    await model.turns.close();
    assert.equal(model.ends('more'), 1);
    await more;
  });

  test('a promise that never settles delays only its own request', async () => {
    const model = new Model();
    void model.send('stuck', { work: () => after('stuck', new Promise(() => undefined)) });
    for (const id of ['a', 'b']) assert.equal((await model.send(id))?.status, 200);
    assert.equal(model.ends('stuck'), 0);
  });
});
