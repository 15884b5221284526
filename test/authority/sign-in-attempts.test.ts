import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { SignInAttempts } from '../../src/authority/sign-in-attempts.ts';
import type { Guess } from '../../src/authority/sign-in-attempts.ts';

function start() {
  const clock = { ms: 1_800_000_000_000 };
  const attempts = new SignInAttempts(() => clock.ms);
  const guess = (of: Guess, outcome: 'right' | 'wrong' = 'wrong') => {
    const begun = attempts.begin(of);
    if (begun === 'go') attempts.end(of, outcome);
    return begun;
  };
  return { clock, guess };
}

const user = (name: string, site = '192.0.2.1'): Guess => ({ name, exists: true, site });
const nobody = (name: string, site: string): Guess => ({ name, exists: false, site });
/** A different site for each, so that none of them guesses too often. */
const siteOfItsOwn = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;

suite('guesses at other names', () => {
  test('do not end a lock, and do not reduce the count', () => {
    const { guess } = start();
    for (let wrong = 0; wrong < 10; wrong += 1) assert.equal(guess(user('alice')), 'go');
    for (let wrong = 0; wrong < 9; wrong += 1) assert.equal(guess(user('bob', '192.0.2.2')), 'go');
    assert.equal(guess(user('alice')), 'locked');
    for (let index = 0; index < 25_000; index += 1) guess(nobody(`n${index}`, siteOfItsOwn(index)));
    assert.equal(guess(user('alice'), 'right'), 'locked');
    assert.equal(guess(user('bob', '192.0.2.2')), 'go');
    assert.equal(guess(user('bob', '192.0.2.2'), 'right'), 'locked');
  });

  test('displace those of unknown names, which are also locked until then', () => {
    const { guess } = start();
    const first = nobody('first', '192.0.2.3');
    for (let wrong = 0; wrong < 10; wrong += 1) guess(first);
    for (let index = 0; index < 9_999; index += 1) guess(nobody(`n${index}`, siteOfItsOwn(index)));
    assert.equal(guess(first), 'locked');
    for (let index = 0; index < 10_000; index += 1) guess(nobody(`m${index}`, siteOfItsOwn(index)));
    assert.equal(guess(first), 'go');
  });

  test('keep the count of a name when its user is created, and when the user is deleted', () => {
    const { guess } = start();
    for (let wrong = 0; wrong < 9; wrong += 1) guess(nobody('carol', '192.0.2.4'));
    assert.equal(guess(user('carol')), 'go');
    assert.equal(guess(user('carol')), 'locked');
    assert.equal(guess(nobody('carol', '192.0.2.4')), 'locked');
  });
});

suite('guesses from one site', () => {
  test('are limited to a hundred wrong ones a minute for all names; other sites are not affected', () => {
    const { clock, guess } = start();
    clock.ms -= clock.ms % 60_000;
    const from = '192.0.2.9';
    // Right passwords are not counted.
    for (let right = 0; right < 200; right += 1) assert.equal(guess(user(`u${right}`, from), 'right'), 'go');
    for (let wrong = 0; wrong < 100; wrong += 1) assert.equal(guess(user(`u${wrong}`, from)), 'go');
    assert.equal(guess(user('u200', from)), 'busy');
    assert.equal(guess(user('u200', '192.0.2.10'), 'right'), 'go');
    clock.ms += 59_999;
    assert.equal(guess(user('u200', from)), 'busy');
    clock.ms += 1;
    assert.equal(guess(user('u200', from)), 'go');
  });

  test('without a known site are not counted together', () => {
    const { guess } = start();
    for (let wrong = 0; wrong < 150; wrong += 1) {
      assert.equal(guess({ name: `u${wrong}`, exists: true, site: undefined }), 'go');
    }
  });
});
