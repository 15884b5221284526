import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WaitingLine } from '../../src/shares/waiting-line.ts';
import type { Party } from '../../src/shares/waiting-line.ts';

const who = fc.tuple(fc.constantFrom('s', 't', 'u'), fc.constantFrom('a', 'b')) satisfies fc.Arbitrary<Party>;

test('sites take turns, and the names at a site; each waits in the order of arrival', async () => {
  const line = new WaitingLine(64);
  const order: string[] = [];
  const join = (site: string, name: string, number: number) =>
    line.join([site, name]).then((turn) => order.push(`${site}${name}${number}${turn ? '' : ' turned away'}`));
  const joined = [
    ...[1, 2, 3].map((number) => join('s', 'a', number)),
    join('s', 'b', 1),
    join('t', 'a', 1),
    join('t', 'a', 2),
  ];
  for (const _ of joined) assert.ok(line.next());
  assert.equal(line.next(), false);
  await Promise.all(joined);
  assert.deepEqual(order, ['sa1', 'ta1', 'sb1', 'ta2', 'sa2', 'sa3']);
});

test('everyone who joins gets a turn or is turned away, and no more wait than allowed', async () => {
  const property = fc.asyncProperty(fc.array(fc.option(who), { maxLength: 60 }), async (steps) => {
    const line = new WaitingLine(5);
    const ends: Promise<boolean>[] = [];
    let turns = 0;
    for (const step of steps) {
      if (step !== null) ends.push(line.join(step));
      else if (line.next()) turns += 1;
    }
    let left = 0;
    while (line.next()) left += 1;
    assert.ok(left <= 5);
    const had = (await Promise.all(ends)).filter((turn) => turn).length;
    assert.equal(had, turns + left);
  });
  await fc.assert(property, { numRuns: 300 });
});

test('whoever has the most waiting is turned away, and no one else', async () => {
  const line = new WaitingLine(4);
  const many = [1, 2, 3, 4].map(() => line.join(['s', 'a']));
  const [one, other] = [line.join(['t', 'a']), line.join(['s', 'b'])];
  while (line.next());
  assert.deepEqual(await Promise.all(many), [false, false, true, true]);
  assert.deepEqual(await Promise.all([one, other]), [true, true]);
});
