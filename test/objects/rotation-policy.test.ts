import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { expiryUnder, rotationDue, rotationPolicy } from '../../src/objects/keys/rotation-policy.ts';
import type { RotationPolicyParameters } from '../../src/objects/keys/rotation-policy.ts';

const now = Date.UTC(2027, 0, 1) / 1000;
const day = 86_400;
const notify = { action: 'Notify', timeBeforeExpiry: 'P30D' };

function policy(parameters: RotationPolicyParameters) {
  return rotationPolicy(parameters, { nowSeconds: now, before: undefined });
}

function made(parameters: RotationPolicyParameters) {
  const outcome = policy(parameters);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.value;
}

function messageOf(parameters: RotationPolicyParameters): string {
  const outcome = policy(parameters);
  assert.ok(!outcome.ok && outcome.refusal.kind === 'badParameter', JSON.stringify(outcome));
  return outcome.refusal.message;
}

suite('a rotation policy', () => {
  test('gets the notification that Azure adds, unless it has one', () => {
    const rotate = { action: 'Rotate', timeAfterCreate: 'P2M' };
    assert.deepEqual(made({ lifetimeActions: [rotate] }).lifetimeActions, [rotate, notify]);
    const early = { action: 'Notify', timeBeforeExpiry: 'P60D' };
    assert.deepEqual(made({ lifetimeActions: [early, rotate] }).lifetimeActions, [early, rotate]);
    assert.deepEqual(made({ lifetimeActions: [] }).lifetimeActions, [notify]);
  });

  test('treats an empty trigger as none', () => {
    const asked = { action: 'Rotate', timeAfterCreate: 'P30D', timeBeforeExpiry: '' };
    const { lifetimeActions } = made({ lifetimeActions: [asked, { ...notify, timeAfterCreate: '' }] });
    assert.deepEqual(lifetimeActions, [{ action: 'Rotate', timeAfterCreate: 'P30D' }, notify]);
  });

  test('has its action types in any case', () => {
    const { lifetimeActions } = made({ lifetimeActions: [{ action: 'rotate', timeAfterCreate: 'P30D' }] });
    assert.equal(lifetimeActions[0]?.action, 'Rotate');
  });

  test('keeps its creation time', () => {
    const { ok, ...rest } = rotationPolicy(
      { lifetimeActions: [] },
      { nowSeconds: now + 5, before: made({ lifetimeActions: [] }) },
    );
    assert.ok(ok);
    assert.deepEqual(rest, { value: { lifetimeActions: [notify], created: now, updated: now + 5 } });
  });

  test('makes versions valid for at least 28 days', () => {
    made({ lifetimeActions: [], expiryTime: 'P28D' });
    assert.equal(
      messageOf({ lifetimeActions: [], expiryTime: 'P27DT23H' }),
      'attributes.expiryTime is P27DT23H; it must be at least 28 days.',
    );
  });

  test('rotates at least 7 days after a version was made, and at least 7 days before it expires', () => {
    const asked = (timeAfterCreate: string) => ({
      lifetimeActions: [{ action: 'Rotate', timeAfterCreate }],
      expiryTime: 'P90D',
    });
    made(asked('P7D'));
    assert.equal(messageOf(asked('P6DT23H')), 'timeAfterCreate is P6DT23H; it must be at least 7 days.');
    made(asked('P83D'));
    assert.equal(
      messageOf(asked('P83DT1H')),
      'timeAfterCreate is P83DT1H; the rotation must be at least 7 days before the key expires, as attributes.expiryTime says.',
    );
  });

  test('rotates at least 7 days before the expiry, and at least 7 days after a version was made', () => {
    const asked = (timeBeforeExpiry: string) => ({
      lifetimeActions: [{ action: 'Rotate', timeBeforeExpiry }],
      expiryTime: 'P28D',
    });
    made(asked('P7D'));
    assert.equal(messageOf(asked('P6DT23H')), 'timeBeforeExpiry is P6DT23H; it must be at least 7 days.');
    made(asked('P21D'));
    assert.equal(
      messageOf(asked('P22D')),
      'timeBeforeExpiry is P22D; the rotation must be at least 7 days after the key is made, and attributes.expiryTime ends before that.',
    );
  });

  test('measures months from now: the next two have 59 days', () => {
    const asked = (expiryTime: string) => ({
      lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'P2M' }],
      expiryTime,
    });
    made(asked('P66D'));
    assert.match(messageOf(asked('P65D')), /^timeAfterCreate is P2M; the rotation must be at least 7 days before/);
  });

  test('a notification may be before a version is made, like the one that Azure adds to 28 days', () => {
    made({ lifetimeActions: [{ action: 'Notify', timeBeforeExpiry: 'P30D' }], expiryTime: 'P28D' });
  });

  const wrong: Readonly<Record<string, RotationPolicyParameters>> = {
    "attributes.expiryTime is '90'; it must be an ISO 8601 duration such as P90D, P1Y10D or PT720H.": {
      lifetimeActions: [],
      expiryTime: '90',
    },
    "timeAfterCreate is 'soon'; it must be an ISO 8601 duration such as P90D, P1Y10D or PT720H.": {
      lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'soon' }],
    },
    "timeBeforeExpiry is 'late'; it must be an ISO 8601 duration such as P90D, P1Y10D or PT720H.": {
      lifetimeActions: [{ action: 'Notify', timeBeforeExpiry: 'late' }],
    },
    "The action type 'Renew' is not supported; allowed: Rotate, Notify.": {
      lifetimeActions: [{ action: 'Renew', timeAfterCreate: 'P30D' }],
    },
    "The action type 'constructor' is not supported; allowed: Rotate, Notify.": {
      lifetimeActions: [{ action: 'constructor', timeAfterCreate: 'P30D' }],
    },
    'lifetimeActions has two actions of the type Rotate; one is allowed.': {
      lifetimeActions: ['P30D', 'P40D'].map((timeAfterCreate) => ({ action: 'Rotate', timeAfterCreate })),
    },
    'The trigger of Rotate must have one of timeAfterCreate and timeBeforeExpiry.': {
      lifetimeActions: [{ action: 'Rotate', timeAfterCreate: '', timeBeforeExpiry: '' }],
    },
    'The trigger of Rotate has both timeAfterCreate and timeBeforeExpiry; one is allowed.': {
      lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'P30D', timeBeforeExpiry: 'P30D' }],
    },
    'timeAfterCreate is for Rotate only; a notification goes by timeBeforeExpiry.': {
      lifetimeActions: [{ action: 'Notify', timeAfterCreate: 'P30D' }],
    },
    'A Rotate by timeBeforeExpiry needs attributes.expiryTime.': {
      lifetimeActions: [{ action: 'Rotate', timeBeforeExpiry: 'P30D' }],
    },
  };
  for (const [message, parameters] of Object.entries(wrong)) {
    test(`is refused: ${message}`, () => assert.equal(messageOf(parameters), message));
  }
});

suite('under a rotation policy', () => {
  const attributes = { enabled: true, created: now, updated: now };

  test('a version expires when the policy says', () => {
    assert.equal(expiryUnder(made({ lifetimeActions: [], expiryTime: 'P1Y' }), now), Date.UTC(2028, 0, 1) / 1000);
    assert.equal(expiryUnder(made({ lifetimeActions: [] }), now), undefined);
    assert.equal(expiryUnder(undefined, now), undefined);
  });

  test('the rotation is due as long after a version was made, or before it expires, as the policy says', () => {
    const after = made({ lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'P30D' }] });
    assert.equal(rotationDue(after, attributes), (now + 30 * day) * 1000);
    const before = made({
      lifetimeActions: [{ action: 'Rotate', timeBeforeExpiry: 'P30D' }],
      expiryTime: 'P90D',
    });
    assert.equal(rotationDue(before, { ...attributes, expires: now + 90 * day }), (now + 60 * day) * 1000);
  });

  test('nothing is due for a version that does not expire, or so late that no clock shows it', () => {
    const before = made({
      lifetimeActions: [{ action: 'Rotate', timeBeforeExpiry: 'P30D' }],
      expiryTime: 'P90D',
    });
    assert.equal(rotationDue(before, attributes), undefined);
    for (const expires of [Date.UTC(10_001, 0) / 1000, Number.MAX_SAFE_INTEGER]) {
      assert.equal(rotationDue(before, { ...attributes, expires }), undefined);
    }
    assert.equal(rotationDue(made({ lifetimeActions: [notify] }), attributes), undefined);
    assert.equal(rotationDue(undefined, attributes), undefined);
  });
});
