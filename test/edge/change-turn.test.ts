import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { takesTurn } from '../../src/edge/change-queues.ts';
import { Refused } from '../../src/edge/edge.ts';
import type { Done } from '../../src/edge/edge.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { wait } from '../../src/store/records.ts';
import type { Reading } from '../../src/store/records.ts';
import { Conflict, Unavailable } from '../../src/store/store.ts';
import type { Store, StoredRecord } from '../../src/store/store.ts';
import { withTurns } from '../store/turns.ts';
import { answering, Model } from './model.ts';
import type { ModelRequest } from './model.ts';

const hot = 'hot/record';

function numberIn(record: StoredRecord | undefined): number {
  return Number(Buffer.from(record?.value ?? []).toString());
}

suite('which request takes a turn', () => {
  const put = [{ key: 'a', value: Buffer.from('') }];
  const rows = {
    'one that writes the record, at its first loss': [{ key: 'a', change: { put }, losses: 1 }, true],
    'one that deletes it': [{ key: 'a', change: { delete: ['a'] }, losses: 1 }, true],
    'near miss: one that relies on it, and writes another': [{ key: 'b', change: { put }, losses: 2 }, false],
    'the same, at its third loss': [{ key: 'b', change: { put }, losses: 3 }, true],
    'near miss: one that was not decided before it lost': [{ key: 'a', change: undefined, losses: 2 }, false],
    'the same, the third time': [{ key: 'a', change: undefined, losses: 3 }, true],
  } as const;
  for (const [name, [loss, expected]] of Object.entries(rows)) {
    test(name, () => assert.equal(takesTurn(loss), expected));
  }
});

/** Adds one to the number in the record, as it was read some time ago. */
function* adding(store: Store, id: string): Reading<Done> {
  const [record] = yield* wait(store.read({ get: [hot] }));
  yield* wait(new Promise((resolve) => setImmediate(resolve)));
  const value = Buffer.from(String(numberIn(record) + 1));
  const change = { require: [{ key: hot, version: record?.version ?? null }], put: [{ key: hot, value }] };
  return yield* answering(id, { change, records: [] });
}

async function threeNodes(store: Store) {
  const nodes = [new Model(store), new Model(store), new Model(store)];
  const answers = await Promise.all(
    nodes.flatMap((node, at) =>
      Array.from({ length: 32 }, (_, caller) => {
        const id = `${at}/${caller}`;
        return node.send(id, { work: () => adding(store, id) });
      }),
    ),
  );
  const [record] = await store.read({ get: [hot] });
  return { changed: numberIn(record), statuses: answers.map((answer) => answer?.status) };
}

suite('three nodes with 32 callers each, and one record', () => {
  test('without turns, changes give up', async () => {
    const { statuses } = await threeNodes(memoryStore());
    assert.ok(statuses.includes(409));
  });

  test('with turns, each change is made once, and none gives up', async () => {
    const store = withTurns(memoryStore());
    const { changed, statuses } = await threeNodes(store);
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal(changed, 96);
    assert.equal(store.turns.open, 0);
  });
});

suite('a turn that was taken', () => {
  const losesFirst = (then: () => Reading<Done>): Partial<ModelRequest> => {
    let losses = 0;
    return {
      work() {
        losses += 1;
        if (losses > 1) return then();
        const put = [{ key: hot, value: Buffer.from('1') }];
        return answering('a', { records: [], change: { require: [{ key: hot, version: 'gone' }], put } });
      },
    };
  };
  const ends = {
    'a refusal': () => refusing(new Refused({ kind: 'no' })),
    'an error': () => refusing(new Error('broken')),
    'a store that cannot be asked': () => refusing(new Unavailable('cut')),
    'an answer without a change': () => answering('a', { records: [] }),
  } as const;
  for (const [name, then] of Object.entries(ends)) {
    test(`is left after ${name}`, async () => {
      const store = withTurns(memoryStore());
      const model = new Model(losingOn(store));
      await model.send('a', losesFirst(then));
      assert.deepEqual(store.turns, { taken: 1, open: 0 });
    });
  }

  test('is not taken where the request was refused: no stranger keeps changes waiting', async () => {
    const store = withTurns(memoryStore());
    const model = new Model(store);
    const require = [{ key: hot, version: 'gone' }];
    const answered = await model.send('a', {
      work: () => refusing(new Refused({ kind: 'no' })),
      requirements: () => require,
    });
    assert.equal(answered?.status, 409);
    assert.equal(store.turns.taken, 0);
  });

  test('ends a request whose store cannot be asked for it', async () => {
    const turnOf = () => Promise.reject(new Unavailable('cut'));
    const model = new Model({ ...losingOn(withTurns(memoryStore())), turnOf });
    const answered = await model.send(
      'a',
      losesFirst(() => answering('a')),
    );
    assert.equal(answered?.body, 'storeUnavailable');
    assert.equal(model.ends('a'), 1);
  });
});

// oxlint-disable-next-line require-yield -- it needs nothing
function* refusing(error: Error): Reading<Done> {
  throw error;
}

/** The same store; a transaction that requires something loses on the record that is hot. */
function losingOn(store: Store): Store {
  return {
    ...store,
    transact: (change) =>
      (change.require ?? []).length > 0 ? Promise.reject(new Conflict(hot)) : store.transact(change),
  };
}
