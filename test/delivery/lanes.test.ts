import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lanes } from '../../src/delivery/lanes.ts';
import { Said } from '../../src/delivery/said.ts';

test('so many work at a time, in the order in which they came, and a failure frees its lane', async () => {
  const lanes = new Lanes(2);
  const begun: number[] = [];
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<number>());
  const all = Promise.allSettled(
    gates.map(({ promise }, index) =>
      lanes.run(() => {
        begun.push(index);
        return promise;
      }),
    ),
  );
  const passed = async (index: number, failure?: Error) => {
    if (failure === undefined) gates[index]?.resolve(index);
    else gates[index]?.reject(failure);
    await new Promise(setImmediate);
    return [...begun];
  };
  assert.deepEqual(begun, [0, 1]);
  assert.deepEqual(await passed(1, new Error('no')), [0, 1, 2]);
  assert.deepEqual(await passed(0), [0, 1, 2, 3]);
  await passed(2);
  await passed(3);
  const results = (await all).map((one) => (one.status === 'fulfilled' ? one.value : 'failed'));
  assert.deepEqual(results, [0, 'failed', 2, 3]);
  assert.equal(await lanes.run(async () => 'free'), 'free');
});

test('a message is said once an hour, and another one at once', () => {
  const said = new Said();
  assert.equal(said.isDue('a', 0), true);
  assert.equal(said.isDue('a', 3_599_999), false);
  assert.equal(said.isDue('b', 3_599_999), true);
  assert.equal(said.isDue('b', 3_600_001), false);
  assert.equal(said.isDue('b', 7_199_999), true);
  said.forget();
  assert.equal(said.isDue('b', 7_200_000), true);
});
