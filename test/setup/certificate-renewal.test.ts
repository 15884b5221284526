import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planRenewal } from '../../src/setup/certificate-renewal.ts';
import type { RenewalPlan } from '../../src/setup/certificate-renewal.ts';

const dayMs = 86_400_000;
const days = (from: number, to: number) => ({ fromMs: from * dayMs, toMs: to * dayMs });
const none = undefined;

test('each reason for a renewal, and its near miss', () => {
  const young = days(0, 3650);
  const old = days(0, 1000);
  const next = days(270, 3920);
  type Row = readonly [
    why: string,
    day: number,
    authorities: readonly ReturnType<typeof days>[],
    server: readonly [from: number, to: number, signer: number] | undefined,
    plan: RenewalPlan,
  ];
  const rows: readonly Row[] = [
    ['the first start', 0, [], none, { newAuthority: true, signer: 0, newServer: 'missing' }],
    ['nothing', 100, [young], [0, 396, 0], { newAuthority: false, signer: 0, newServer: none }],
    ['60 days are enough', 336, [young], [0, 396, 0], { newAuthority: false, signer: 0, newServer: none }],
    ['fewer are not', 337, [young], [0, 396, 0], { newAuthority: false, signer: 0, newServer: 'endsSoon' }],
    ['from a day later', 10, [young], [11, 396, 0], { newAuthority: false, signer: 0, newServer: 'notYetValid' }],
    ['from this day on', 10, [young], [10, 396, 0], { newAuthority: false, signer: 0, newServer: none }],
    ['730 days are enough', 270, [old], [250, 646, 0], { newAuthority: false, signer: 0, newServer: none }],
    ['fewer call for a successor', 271, [old], [250, 646, 0], { newAuthority: true, signer: 0, newServer: none }],
    ['which is made once', 271, [old, next], [250, 646, 0], { newAuthority: false, signer: 0, newServer: none }],
    [
      'the old one signs to its end',
      940,
      [old, next],
      [600, 950, 0],
      { newAuthority: false, signer: 0, newServer: 'endsSoon' },
    ],
    [
      'near it its successor does',
      941,
      [old, next],
      [600, 950, 0],
      { newAuthority: false, signer: 1, newServer: 'endsSoon' },
    ],
    ['a clock years ahead', 5000, [young], [0, 396, 0], { newAuthority: true, signer: 1, newServer: 'endsSoon' }],
    [
      'set right again',
      20,
      [young, days(4999, 8650)],
      [4999, 5396, 1],
      { newAuthority: false, signer: 0, newServer: 'notYetValid' },
    ],
    ['a clock years behind', -9000, [young], [0, 396, 0], { newAuthority: true, signer: 1, newServer: 'notYetValid' }],
    [
      'set right again',
      20,
      [days(-9001, -5351), young],
      [-9001, -8604, 0],
      { newAuthority: false, signer: 1, newServer: 'endsSoon' },
    ],
    [
      'a signer that is not valid',
      20,
      [young, days(30, 3000)],
      [10, 396, 1],
      { newAuthority: false, signer: 0, newServer: 'signerNotValid' },
    ],
  ];
  for (const [why, day, authorities, server, plan] of rows) {
    const [from = 0, to = 0, signer = 0] = server ?? [];
    const known = server === undefined ? undefined : { ...days(from, to), signer };
    assert.deepEqual(planRenewal({ authorities, server: known, nowMs: day * dayMs }), plan, why);
  }
});

test('for any clock and certificates, the signer is valid now and has 60 days left', () => {
  const lifetime = fc.tuple(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: 1, max: 4000 }));
  const input = fc.record({
    authorities: fc.array(lifetime, { maxLength: 5 }),
    server: lifetime,
    day: fc.integer({ min: -6000, max: 10_000 }),
  });
  fc.assert(
    fc.property(input, ({ authorities, server, day }) => {
      const known = authorities.map(([from, length]) => days(from, from + length));
      const nowMs = day * dayMs;
      const lives = { ...days(server[0], server[0] + server[1]), signer: 0 };
      const plan = planRenewal({ authorities: known, server: lives, nowMs });
      const all = plan.newAuthority ? [...known, days(day - 1, day + 3650)] : known;
      const signer = all[plan.signer];
      assert.ok(signer !== undefined && signer.fromMs <= nowMs && signer.toMs >= nowMs + 60 * dayMs);
    }),
  );
});
