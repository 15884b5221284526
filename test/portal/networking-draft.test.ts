import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bothSides, restored } from '../../src/portal/networking/both-sides.ts';
import {
  boundaryIn,
  changedProperties,
  draftOf,
  ipRuleKey,
  isSame,
  mergeDrafts,
  settledOn,
  withAcls,
  withBoundary,
} from '../../src/portal/networking/draft.ts';
import type { Draft } from '../../src/portal/networking/draft.ts';
import { stepsBetween, subnetInWords } from '../../src/portal/networking/draft-words.ts';

const subnetOf = (name: string) =>
  `/subscriptions/1/resourceGroups/demo/providers/Microsoft.Network/virtualNetworks/blue/subnets/${name}`;

const boundaries = ['open', 'rules', 'closed'] as const;
const some = (values: readonly string[]) => fc.subarray([...values]);

const drafts: fc.Arbitrary<Draft> = fc
  .record({
    boundary: fc.constantFrom(...boundaries),
    ipRules: some(['203.0.113.7', '203.0.113.8/32', '198.51.100.0/24', '20.0.0.0/8']),
    subnets: some(['a', 'b', 'c']),
    bypass: fc.constantFrom('AzureServices' as const, 'None' as const),
  })
  .map(({ boundary, ipRules, subnets, bypass }) =>
    withBoundary(
      {
        publicNetworkAccess: 'Enabled',
        networkAcls: {
          bypass,
          defaultAction: 'Deny',
          ipRules: ipRules.map((value) => ({ value })),
          virtualNetworkRules: subnets.map((name) => ({ id: subnetOf(name) })),
        },
      },
      boundary,
    ),
  );

/** Everything that can be changed by itself, by name: the naive view of a draft. */
function facts(draft: Draft): ReadonlyMap<string, string> {
  return new Map([
    ['bypass', draft.networkAcls.bypass],
    ...draft.networkAcls.ipRules.map(({ value }) => [`ip ${ipRuleKey(value)}`, 'there'] as const),
    ...draft.networkAcls.virtualNetworkRules.map(({ id }) => [`subnet ${id}`, 'there'] as const),
  ]);
}

describe('the draft of network settings', () => {
  it('sends nothing when nothing was edited, and each property only if it differs', () => {
    const draft = draftOf({ properties: { tenantId: '', vaultUri: '' } });
    assert.deepEqual(changedProperties(draft, draft), {});
    const closed = withBoundary(draft, 'closed');
    assert.deepEqual(changedProperties(draft, closed), { publicNetworkAccess: 'Disabled' });
    const behindRules = withBoundary(draft, 'rules');
    assert.deepEqual(changedProperties(draft, behindRules), {
      networkAcls: { bypass: 'AzureServices', defaultAction: 'Deny', ipRules: [], virtualNetworkRules: [] },
    });
  });

  it('keeps the rules, whatever the boundary', () => {
    fc.assert(
      fc.property(drafts, fc.constantFrom(...boundaries), (draft, boundary) => {
        const moved = withBoundary(draft, boundary);
        assert.equal(boundaryIn(moved), boundary);
        assert.deepEqual(facts(moved), facts(draft));
        assert.equal(isSame(draft, moved), boundaryIn(draft) === boundary);
      }),
    );
  });

  it('merges as each fact by itself: mine where I changed it, else theirs', () => {
    fc.assert(
      fc.property(drafts, drafts, drafts, (base, mine, theirs) => {
        const merged = mergeDrafts(base, mine, theirs);
        const [was, wanted, found, is] = [base, mine, theirs, merged.draft].map(facts);
        for (const name of new Set([base, mine, theirs].flatMap((each) => [...facts(each).keys()]))) {
          const changedByMe = was?.get(name) !== wanted?.get(name);
          assert.equal(is?.get(name), changedByMe ? wanted?.get(name) : found?.get(name), name);
        }
        const [from, to, other] = [base, mine, theirs].map(boundaryIn);
        const collides = from !== to && from !== other && to !== other;
        assert.equal(merged.boundaryCollides, collides);
        assert.equal(boundaryIn(merged.draft), from === to || collides ? other : to);
      }),
    );
  });

  it('merges one side alone to that side', () => {
    fc.assert(
      fc.property(drafts, drafts, (base, one) => {
        assert.deepEqual(mergeDrafts(base, base, one).draft, one);
        assert.deepEqual(facts(mergeDrafts(base, one, base).draft), facts(one));
      }),
    );
  });

  it('takes a rule that went and came back for no change', () => {
    fc.assert(
      fc.property(drafts, (draft) => {
        const { ipRules } = draft.networkAcls;
        assert.ok(isSame(draft, settledOn(draft, withAcls(draft, { ipRules: ipRules.toReversed() }))));
        const more = withAcls(draft, { ipRules: [...ipRules, { value: '192.0.2.1' }] });
        assert.deepEqual(settledOn(draft, more), more);
      }),
    );
  });

  it('says what was done, a line each', () => {
    const base = withAcls(draftOf({ properties: { tenantId: '', vaultUri: '' } }), {
      ipRules: [{ value: '203.0.113.7' }, { value: '203.0.113.9/32' }],
    });
    const next = withAcls(withBoundary(base, 'rules'), {
      bypass: 'None',
      ipRules: [{ value: '203.0.113.9' }, { value: '198.51.100.0/24' }],
      virtualNetworkRules: [{ id: subnetOf('workloads') }],
    });
    assert.deepEqual(
      stepsBetween(base, next).map(({ sign, text }) => `${sign} ${text}`),
      [
        '→ Allow public access from specific virtual networks and IP addresses',
        '+ blue / workloads',
        '− 203.0.113.7',
        '+ 198.51.100.0/24',
        '− trusted Microsoft services',
      ],
    );
    assert.deepEqual(stepsBetween(base, base), []);
    assert.equal(subnetInWords('somewhere'), 'somewhere');
  });
});

describe('the rules of both sides in one list', () => {
  const letters = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
  const same = (rule: string) => rule;

  it('has each rule once, with the side that it is on', () => {
    fc.assert(
      fc.property(letters, letters, (before, after) => {
        const rows = bothSides(before, after, same);
        const on = (side: string) => rows.filter((row) => row.side === side).map(({ rule }) => rule);
        assert.deepEqual(
          on('kept'),
          before.filter((rule) => after.includes(rule)),
        );
        assert.deepEqual(
          on('removed'),
          before.filter((rule) => !after.includes(rule)),
        );
        assert.deepEqual(
          on('new'),
          after.filter((rule) => !before.includes(rule)),
        );
      }),
    );
  });

  it('puts a removed rule back where it was, so that nothing is left to save', () => {
    fc.assert(
      fc.property(letters, fc.nat(4), (before, at) => {
        const key = before[at % Math.max(1, before.length)];
        if (key === undefined) return;
        const after = before.filter((rule) => rule !== key);
        assert.deepEqual(restored({ before, after, keyOf: same }, key), before);
        const withNew = [...after, 'new'];
        assert.deepEqual(restored({ before, after: withNew, keyOf: same }, key), [...before, 'new']);
      }),
    );
  });

  it('shows rules that name the same once, as it is written first', () => {
    assert.deepEqual(bothSides(['203.0.113.7/32', '203.0.113.7'], ['203.0.113.7'], ipRuleKey), [
      { key: '203.0.113.7', rule: '203.0.113.7/32', side: 'kept' },
    ]);
  });
});
