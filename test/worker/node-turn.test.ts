import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore } from '../../src/store/memory.ts';
import { Conflict, encode } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { inSetupTurn } from '../../src/worker/node-turn.ts';

/** Nodes of one store, and the clock of its database. */
class Turns {
  readonly store: Store = memoryStore();
  readonly notices: string[] = [];
  nowMs = 0;

  work<T>(node: string, work: (store: Store) => Promise<T>): Promise<T> {
    const clock = () => Promise.resolve(this.nowMs);
    return inSetupTurn(this.store, { node, clock, notice: (message) => void this.notices.push(message) }, work);
  }

  async keys(): Promise<readonly string[]> {
    return (await this.store.list({ prefix: '', limit: 10 })).map(({ key }) => key);
  }
}

const put = (store: Store, key: string) => store.transact({ put: [{ key, value: encode(true) }] });

test('a turn waits for the one before it, says for which node, and leaves nothing behind', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const begun = Promise.withResolvers<void>();
  const first = turns.work('a', async (store) => {
    begun.resolve();
    await put(store, 'x');
    // The other one looks meanwhile.
    while (turns.notices.length === 0) await new Promise((resolve) => setImmediate(resolve));
    order.push('a');
  });
  await begun.promise;
  const second = turns.work('b', async () => void order.push('b'));
  await Promise.all([first, second]);
  assert.deepEqual(order, ['a', 'b']);
  assert.deepEqual(turns.notices, ['The start waits for the node a, which makes what a start makes.']);
  assert.deepEqual(await turns.keys(), ['x']);
});

test('a node whose turn was over before it wrote can write nothing in it, and begins again', async () => {
  const turns = new Turns();
  let tries = 0;
  await turns.work('a', async (store) => {
    tries += 1;
    if (tries === 1) {
      turns.nowMs = 60_001;
      await turns.work('b', async (other) => void (await put(other, 'b')));
    }
    await put(store, `a-${tries}`);
  });
  assert.equal(tries, 2);
  assert.deepEqual(await turns.keys(), ['a-2', 'b']);
});

test('a conflict with a node that serves is tried again, and one that never ends is the result', async () => {
  const turns = new Turns();
  let tries = 0;
  await turns.work('a', async () => {
    tries += 1;
    if (tries < 4) throw new Conflict('some/record');
  });
  assert.equal(tries, 4);
  const never = turns.work('a', () => Promise.reject(new Conflict('some/record')));
  await assert.rejects(never, { name: 'Conflict', key: 'some/record' });
  await assert.rejects(
    turns.work('a', () => Promise.reject(new RangeError('a fault'))),
    RangeError,
  );
  assert.deepEqual(await turns.keys(), []);
});
