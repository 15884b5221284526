import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused } from '../../src/edge/edge.ts';
import { Steps } from '../../src/edge/steps.ts';

interface Services {
  readonly taken: string[];
}

/** A step that notes when it is taken. */
const seen =
  <T>(name: string, fact: () => T) =>
  (_known: unknown, { taken }: Services): T => {
    taken.push(name);
    return fact();
  };

test('the rows run in order, once each, and each receives the facts of the rows before it', () => {
  const steps = Steps.of<string, Services>()
    .step('one', ({ request }) => `${request} 1`)
    .step('two', ({ one }) => `${one} 2`)
    .once('three', ({ two }) => `${two} 3`)
    .step('four', ({ three }) => `${three} 4`);
  const walk = steps.begin('a');
  assert.throws(() => walk.whole, /not complete before all steps are taken/);
  assert.equal(walk.advance({ taken: [] }), undefined);
  assert.deepEqual(walk.whole, { request: 'a', one: 'a 1', two: 'a 1 2', three: 'a 1 2 3', four: 'a 1 2 3 4' });
});

test('a promise of a fact pauses the walk, and the rows before it do not run again', async () => {
  const services = { taken: [] };
  const steps = Steps.of<string, Services>()
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
  const waited = walk.advance(services);
  assert.ok(waited instanceof Promise);
  assert.deepEqual(walk.known, { request: 'a', before: 1, late: undefined, after: undefined });
  assert.equal(walk.advance(services, { awaited: await waited }), undefined);
  assert.deepEqual(walk.whole, { request: 'a', before: 1, late: 2, after: 3 });
  assert.deepEqual(services.taken, ['before', 'late', 'after']);
});

test('after a step that is taken once and had to wait, the earlier steps are taken again', async () => {
  const services = { taken: [] };
  let rule = 'before';
  const steps = Steps.of<string, Services>()
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
  const body = walk.advance(services);
  rule = 'after the body';
  const place = walk.advance(services, { awaited: await body });
  assert.equal(walk.known.rule, 'after the body');
  rule = 'after the place';
  assert.equal(walk.advance(services, { awaited: await place }), undefined);
  assert.deepEqual(walk.whole, {
    request: 'a',
    rule: 'after the place',
    body: 'body',
    place: 'place',
    parsed: 'parsed',
  });
  assert.deepEqual(services.taken, ['rule', 'body', 'rule', 'place', 'rule', 'parsed']);
});

test('a request that begins again keeps only the facts of steps that are taken once', () => {
  const services = { taken: [] };
  const steps = Steps.of<string, Services>()
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
  assert.equal(walk.advance(services), undefined);
  const before = walk.known;
  walk.restart();
  assert.deepEqual(walk.known, { request: 'a', rule: undefined, body: 'body', parsed: undefined });
  assert.deepEqual(before, { request: 'a', rule: 'rule', body: 'body', parsed: 'parsed' }, 'another record');
  assert.equal(walk.advance(services), undefined);
  assert.deepEqual(services.taken, ['rule', 'body', 'parsed', 'rule', 'parsed']);
});

test('a refusal can use the fact that caused it, and no later row runs', () => {
  const services = { taken: [] };
  const steps = Steps.of<string, Services>()
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
  assert.throws(() => walk.advance(services), { name: 'Refused', refusal: { kind: 'no, a' } });
  assert.equal(walk.known.verdict, false);
  assert.deepEqual(services.taken, ['verdict']);
});

test('the refusal of a step that is taken once is thrown again when the request begins again', async () => {
  // Part of a body that is too large has been read. The rest may be small enough.
  for (const isLate of [false, true]) {
    let [reads, rules] = [0, 0];
    const tooLarge = () => {
      reads += 1;
      if (reads > 1) return 'the rest';
      const refused = new Refused({ kind: 'tooLarge' });
      if (isLate) return Promise.reject(refused);
      throw refused;
    };
    const steps = Steps.of<string, Services>()
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

test('a step that is taken once is tried again after an error that is not a refusal', () => {
  let tried = 0;
  const steps = Steps.of<string, Services>().once('body', () => {
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
