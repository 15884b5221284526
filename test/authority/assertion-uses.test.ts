import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionUses } from '../../src/authority/assertion-uses.ts';

test('the memory of one client is bounded, is freed, and is separate from that of another', () => {
  let ms = 0;
  const uses = new AssertionUses(() => ms);
  const use = (clientId: string, jti: number) =>
    uses.use({ clientId, jti: `${jti}`, resource: 'r', forgetAt: 600_000 });
  for (let jti = 0; jti < 10_000; jti += 1) assert.equal(use('a', jti), 'fresh');
  assert.equal(use('a', 10_000), 'tooMany');
  assert.equal(use('b', 10_000), 'fresh');
  ms = 599_999;
  assert.equal(use('a', 10_000), 'tooMany');
  assert.equal(use('a', 0), 'replayed');
  ms = 600_000;
  assert.equal(uses.use({ clientId: 'a', jti: 'next', resource: 'r', forgetAt: 700_000 }), 'fresh');
});
