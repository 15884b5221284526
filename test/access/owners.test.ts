import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizeOwner } from '../../src/access/owners.ts';
import { caller, group, object, otherTenant } from './caller.ts';

test('an owner is known by its object id or a group, in any case, and the id that counted is named', () => {
  assert.deepEqual(authorizeOwner([otherTenant, object], caller()), { allowed: true, by: object });
  const upper = object.toUpperCase();
  assert.deepEqual(authorizeOwner([object], caller({ objectId: upper })), { allowed: true, by: upper });
  assert.deepEqual(authorizeOwner([group], caller({ groups: [otherTenant, group] })), { allowed: true, by: group });
});

test('who is neither is no owner, whatever application it is', () => {
  assert.deepEqual(authorizeOwner([], caller({ groups: [group] })), { allowed: false });
  assert.deepEqual(authorizeOwner([group], caller()), { allowed: false });
  assert.deepEqual(authorizeOwner([group], caller({ applicationId: group })), { allowed: false });
  assert.deepEqual(authorizeOwner([object.slice(1)], caller()), { allowed: false });
});
