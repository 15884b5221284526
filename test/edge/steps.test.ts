import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused } from '../../src/edge/edge.ts';
import { Steps } from '../../src/edge/steps.ts';

interface World {
  readonly taken: string[];
}

/** A step that is seen when it is taken. */
const seen =
  <T>(name: string, fact: () => T) =>
  (_known: unknown, { taken }: World): T => {
    taken.push(name);
    return fact();
  };

test('the rows are taken in their order, each with what those before it found out, once each', () => {
  const steps = Steps.of<string, World>()
    .step('one', ({ request }) => `${request} 1`)
    .step('two', ({ one }) => `${one} 2`)
    .once('three', ({ two }) => `${two} 3`)
    .step('four', ({ three }) => `${three} 4`);
  const walk = steps.begin('a');
  assert.throws(() => walk.whole, /not known before all of its steps/);
  assert.equal(walk.advance({ taken: [] }), undefined);
  assert.deepEqual(walk.whole, { request: 'a', one: 'a 1', two: 'a 1 2', three: 'a 1 2 3', four: 'a 1 2 3 4' });
});

test('a fact that must be waited for ends the walk there, and the rows before it are not taken again', async () => {
  const world = { taken: [] };
  const steps = Steps.of<string, World>()
    .step(
      'before',
      seen('before', () => 1),
    )
    .step(
      'late',
      seen('late', async () => 2),
    )
    .step(
      'after',
      seen('after', () => 3),
    );
  const walk = steps.begin('a');
  const waited = walk.advance(world);
  assert.ok(waited instanceof Promise);
  assert.deepEqual(walk.known, { request: 'a', before: 1, late: undefined, after: undefined });
  assert.equal(walk.advance(world, { awaited: await waited }), undefined);
  assert.deepEqual(walk.whole, { request: 'a', before: 1, late: 2, after: 3 });
  assert.deepEqual(world.taken, ['before', 'late', 'after']);
});

test('after a fact that is taken once and had to be waited for, all that was decided before is decided again', async () => {
  const world = { taken: [] };
  let rule = 'before';
  const steps = Steps.of<string, World>()
    .step(
      'rule',
      seen('rule', () => rule),
    )
    .once(
      'body',
      seen('body', async () => 'body'),
    )
    .once(
      'place',
      seen('place', async () => 'place'),
    )
    .step(
      'parsed',
      seen('parsed', () => 'parsed'),
    );
  const walk = steps.begin('a');
  const body = walk.advance(world);
  rule = 'after the body';
  const place = walk.advance(world, { awaited: await body });
  assert.equal(walk.known.rule, 'after the body');
  rule = 'after the place';
  assert.equal(walk.advance(world, { awaited: await place }), undefined);
  assert.deepEqual(walk.whole, {
    request: 'a',
    rule: 'after the place',
    body: 'body',
    place: 'place',
    parsed: 'parsed',
  });
  assert.deepEqual(world.taken, ['rule', 'body', 'rule', 'place', 'rule', 'parsed']);
});

test('a request that begins again keeps what is taken once, and nothing else', () => {
  const world = { taken: [] };
  const steps = Steps.of<string, World>()
    .step(
      'rule',
      seen('rule', () => 'rule'),
    )
    .once(
      'body',
      seen('body', () => 'body'),
    )
    .step(
      'parsed',
      seen('parsed', () => 'parsed'),
    );
  const walk = steps.begin('a');
  assert.equal(walk.advance(world), undefined);
  const before = walk.known;
  walk.restart();
  assert.deepEqual(walk.known, { request: 'a', rule: undefined, body: 'body', parsed: undefined });
  assert.deepEqual(before, { request: 'a', rule: 'rule', body: 'body', parsed: 'parsed' }, 'another record');
  assert.equal(walk.advance(world), undefined);
  assert.deepEqual(world.taken, ['rule', 'body', 'parsed', 'rule', 'parsed']);
});

test('a fact that refuses is known to the refusal, and no further row is taken', () => {
  const world = { taken: [] };
  const steps = Steps.of<string, World>()
    .step(
      'verdict',
      seen('verdict', () => false),
      (fact, { request }) => (fact ? undefined : { kind: `no, ${request}` }),
    )
    .step(
      'after',
      seen('after', () => 1),
    );
  const walk = steps.begin('a');
  assert.throws(() => walk.advance(world), { name: 'Refused', refusal: { kind: 'no, a' } });
  assert.equal(walk.known.verdict, false);
  assert.deepEqual(world.taken, ['verdict']);
});

test('what refuses once refuses again when the request begins again, and is not asked again', async () => {
  // Of a body that is too large some is read. What is left of it may be small enough.
  for (const isLate of [false, true]) {
    let [reads, rules] = [0, 0];
    const tooLarge = () => {
      reads += 1;
      if (reads > 1) return 'the rest';
      const refused = new Refused({ kind: 'tooLarge' });
      if (isLate) return Promise.reject(refused);
      throw refused;
    };
    const steps = Steps.of<string, World>()
      .step('rule', () => (rules += 1))
      .once('body', tooLarge);
    const walk = steps.begin('a');
    if (isLate) await Promise.resolve(walk.advance({ taken: [] })).catch((error: unknown) => walk.keepRefusal(error));
    else assert.throws(() => walk.advance({ taken: [] }), { refusal: { kind: 'tooLarge' } });
    walk.restart();
    assert.throws(() => walk.advance({ taken: [] }), { refusal: { kind: 'tooLarge' } });
    assert.deepEqual([reads, rules], [1, 2]);
  }
});

test('a step that is taken once and fails otherwise is tried again', () => {
  let tried = 0;
  const steps = Steps.of<string, World>().once('body', () => {
    tried += 1;
    if (tried === 1) throw new Error('not now');
    return 'body';
  });
  const walk = steps.begin('a');
  assert.throws(() => walk.advance({ taken: [] }), /not now/);
  walk.restart();
  assert.equal(walk.advance({ taken: [] }), undefined);
  assert.equal(walk.whole.body, 'body');
});
