import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Follower } from '../../src/store/follower.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';

/** Everything that a follower tells, and a promise for when it has told of a key, or failed. */
class Told {
  readonly keys: string[] = [];
  readonly failures: unknown[] = [];
  recoveries = 0;
  expirations = 0;
  fault: Error | undefined;
  readonly #waiting: (() => void)[] = [];

  async changed(keys: readonly string[]): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    this.keys.push(...keys);
    this.#wake();
  }

  async expired(): Promise<void> {
    this.expirations += 1;
    this.#wake();
  }

  failed(error: unknown): void {
    this.failures.push(error);
    this.#wake();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const put = (store: Store, ...keys: string[]) =>
  store.transact({ put: keys.map((key) => ({ key, value: Buffer.from('1') })) });

async function following(
  t: TestContext,
  store: Store,
  { isWoken = true, now = (): number => 0, isAway = (): boolean => false } = {},
) {
  const told = new Told();
  let wake = () => {};
  const follower = await Follower.open({
    store,
    committed(listener) {
      if (isWoken) wake = listener;
      return () => (wake = () => {});
    },
    failed: (error) => told.failed(error),
    recovered: () => (told.recoveries += 1),
    now,
    isAway,
  });
  t.after(() => follower.close());
  return { told, follower, wake: () => wake() };
}

suite('following the changes of a store', () => {
  test('tells of each change since it was opened, also before it was started, and of none before', async (t) => {
    const store = memoryStore();
    await put(store, 'before');
    const { told, follower, wake } = await following(t, store);
    await put(store, 'a', 'b');
    follower.start(told);
    await told.until(() => told.keys.length === 2);
    await put(store, 'c');
    wake();
    await told.until(() => told.keys.includes('c'));
    assert.deepEqual(told.keys.toSorted(), ['a', 'b', 'c']);
  });

  test('tells of more changes than one page has', async (t) => {
    const store = memoryStore();
    const { told, follower } = await following(t, store);
    const keys = Array.from({ length: 2500 }, (_, at) => `k${at}`);
    for (let at = 0; at < keys.length; at += 500) await put(store, ...keys.slice(at, at + 500));
    follower.start(told);
    await told.until(() => told.keys.length === keys.length);
    assert.deepEqual(new Set(told.keys), new Set(keys));
  });

  test('looks by itself where it is not woken', async (t) => {
    const store = memoryStore();
    const { told, follower } = await following(t, store, { isWoken: false });
    follower.start(told);
    await put(store, 'a');
    await told.until(() => told.keys.includes('a'));
  });

  test('tells the same again after a failure, which it reports once', async (t) => {
    const store = memoryStore();
    const { told, follower, wake } = await following(t, store);
    follower.start(told);
    told.fault = new Error('cannot read');
    await put(store, 'a');
    wake();
    await told.until(() => told.failures.length === 1);
    wake();
    await new Promise((resolve) => setImmediate(resolve));
    told.fault = undefined;
    await put(store, 'b');
    wake();
    await told.until(() => told.keys.includes('b'));
    assert.deepEqual(told.keys.toSorted(), ['a', 'b']);
    await follower.close();
    assert.deepEqual([told.failures.length, told.recoveries], [1, 1]);
  });

  test('says since when it may not know of all changes', async (t) => {
    const store = memoryStore();
    let nowMs = 1_000;
    const { told, follower, wake } = await following(t, store, { isWoken: true, now: () => nowMs });
    nowMs += 300;
    assert.equal(follower.behindMs, 300);
    told.fault = new Error('cannot read');
    await put(store, 'a');
    follower.start(told);
    await told.until(() => told.failures.length === 1);
    nowMs += 700;
    assert.equal(follower.behindMs, 1_000);
    told.fault = undefined;
    wake();
    await told.until(() => told.keys.includes('a'));
    await follower.close();
    assert.equal(follower.behindMs, 0);
  });

  test('does not count the time in which the store is away', async (t) => {
    const store = memoryStore();
    let [nowMs, isAway] = [0, true];
    const options = { now: () => nowMs, isAway: () => isAway };
    const { told, follower, wake } = await following(t, store, options);
    told.fault = new Error('cannot read');
    await put(store, 'a');
    nowMs = 60_000;
    follower.start(told);
    await told.until(() => told.failures.length === 1);
    assert.equal(follower.behindMs, 0);
    // Near miss: it is there again, and its changes still cannot be read.
    isAway = false;
    nowMs += 7_000;
    wake();
    await follower.close();
    assert.equal(follower.behindMs, 7_000);
  });

  test('says when the store does not know what has changed, and goes on from there', async (t) => {
    const store = memoryStore({ history: 1 });
    const { told, follower, wake } = await following(t, store);
    for (const key of ['a', 'b', 'c', 'd']) await put(store, key);
    follower.start(told);
    await told.until(() => told.expirations === 1);
    await put(store, 'e');
    wake();
    await told.until(() => told.keys.includes('e'));
    assert.deepEqual(told.keys, ['e']);
  });

  test('tells nothing once it is closed', async (t) => {
    const store = memoryStore();
    const { told, follower, wake } = await following(t, store);
    follower.start(told);
    await follower.close();
    await put(store, 'a');
    wake();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(told.keys, []);
  });
});
