import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AuthorizationCodes } from '../../src/authority/authorization-codes.ts';
import type { CodeGrant } from '../../src/authority/authorization-codes.ts';

const grantOf = (userId: string): CodeGrant => ({
  clientId: 'client',
  tenant: 'tenant',
  userId,
  authTime: 0,
  redirectUri: 'https://app.example/',
  confidential: true,
  challenge: undefined,
  scope: 'scope',
  nonce: undefined,
  page: false,
});

suite('Authorization codes', () => {
  test('a user who requests thousands displaces only their own codes', () => {
    const codes = new AuthorizationCodes(() => 0);
    const other = codes.issue(grantOf('other'));
    const greedy = Array.from({ length: 12_000 }, () => codes.issue(grantOf('greedy')));
    assert.deepEqual(codes.redeem(other), { kind: 'granted', grant: grantOf('other') });
    const kinds = greedy.map((code) => codes.redeem(code).kind);
    assert.equal(kinds.indexOf('granted'), 11_900);
    assert.ok(kinds.slice(11_900).every((kind) => kind === 'granted'));
  });

  test('the total is bounded, and the user with the most codes makes room', () => {
    const codes = new AuthorizationCodes(() => 0);
    const first = Array.from({ length: 2 }, () => codes.issue(grantOf('two')));
    const others = Array.from({ length: 9_999 }, (_, index) => codes.issue(grantOf(`user ${index}`)));
    assert.deepEqual(
      first.map((code) => codes.redeem(code).kind),
      ['unknown', 'granted'],
    );
    assert.ok(others.every((code) => codes.redeem(code).kind === 'granted'));
  });

  test('a code is known as used, and as expired, for a while', () => {
    let now = 0;
    const codes = new AuthorizationCodes(() => now);
    const [used, late] = [codes.issue(grantOf('user')), codes.issue(grantOf('user'))];
    assert.equal(codes.redeem(used).kind, 'granted');
    assert.equal(codes.redeem(used).kind, 'used');
    now = 600_000;
    codes.issue(grantOf('user'));
    assert.equal(codes.redeem(late).kind, 'expired');
    now = 1_200_000;
    codes.issue(grantOf('user'));
    assert.equal(codes.redeem(late).kind, 'unknown');
  });
});
