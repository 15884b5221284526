import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIpv4, formatRange, networkOf, parseIpv4 } from '../../src/address/address.ts';
import { ruleProfiles } from '../../src/firewall/profiles.ts';
import { has } from '../../src/insight/spans.ts';
import { gainedOf, judgeCallers } from '../../src/portal/networking/callers.ts';
import { boundaryIn, withAcls, withBoundary } from '../../src/portal/networking/draft.ts';
import type { Draft } from '../../src/portal/networking/draft.ts';
import { addressCount, doorsOf, effectOf } from '../../src/portal/networking/effect.ts';
import { judgeIpRule } from '../../src/portal/networking/ip-rule.ts';
import { fromAddress, judgeOf, judgingBy, smallestFix } from '../../src/portal/networking/judge.ts';
import { noteOnRule } from '../../src/portal/networking/rule-words.ts';
import { hasEndpoint, incarnationsOf, withEndpoint } from '../../src/portal/networking/subnets.ts';
import type { CallerRow } from '../../src/types/activity.ts';

const options = judgingBy({
  profile: ruleProfiles.documented,
  trustedServices: { list: 'documented', scope: 'scenario' },
  acceptDeclared: false,
});
const lower = (id: string) => id.toLowerCase();
const judge = (draft: Draft) => judgeOf(draft, lower, options);

const demo: Draft = {
  publicNetworkAccess: 'Enabled',
  networkAcls: {
    bypass: 'AzureServices',
    defaultAction: 'Deny',
    ipRules: [{ value: '203.0.113.7' }],
    virtualNetworkRules: [],
  },
};
const withIps = (...values: readonly string[]) => withAcls(demo, { ipRules: values.map((value) => ({ value })) });
const subnet =
  '/subscriptions/1/resourceGroups/demo/providers/Microsoft.Network/virtualNetworks/blue/subnets/Workloads';

describe('what a change does', () => {
  it('is, address by address, what deciding both sides says', () => {
    const first = parseIpv4('203.0.113.0') ?? assert.fail();
    const rule = fc
      .record({ offset: fc.integer({ min: 0, max: 255 }), prefix: fc.integer({ min: 26, max: 32 }) })
      .map(({ offset, prefix }) => formatRange(networkOf(first + offset, prefix)));
    const drafts = fc
      .record({ ips: fc.array(rule, { maxLength: 4 }), boundary: fc.constantFrom('open', 'rules', 'rules', 'closed') })
      .map(({ ips, boundary }) => withBoundary(withIps(...ips), boundary));
    fc.assert(
      fc.property(drafts, drafts, (before, after) => {
        const [was, is] = [judge(before), judge(after)];
        const { addresses } = effectOf(was, is);
        for (let address = first - 1; address <= first + 256; address += 1) {
          const request = fromAddress(formatIpv4(address)) ?? assert.fail();
          const sides = `${was.letsIn(request)} ${is.letsIn(request)}`;
          const expected = { 'true true': 'stay', 'false true': 'gain', 'true false': 'lose' }[sides];
          const found = (['stay', 'gain', 'lose'] as const).filter((side) => has(addresses[side], address));
          assert.deepEqual(found, expected === undefined ? [] : [expected], formatIpv4(address));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('says all addresses in a word, and that text alone changes nobody', () => {
    const open = effectOf(judge(demo), judge(withBoundary(demo, 'open')));
    assert.equal(addressCount(open.addresses.stay), '1');
    assert.equal(addressCount(open.addresses.gain), '3,702,259,198', 'addresses that are never public do not count');
    assert.equal(
      addressCount(effectOf(judge(withBoundary(demo, 'open')), judge(withBoundary(demo, 'open'))).addresses.stay),
      'all',
    );
    assert.ok(effectOf(judge(demo), judge(withIps('203.0.113.7', '203.0.113.7/32'))).isNone);
    assert.ok(!effectOf(judge(demo), judge(withIps('203.0.113.8'))).isNone);
  });

  it('lets in some of those who were denied, and counts nobody who is in already', () => {
    const denied = ['203.0.113.7', '203.0.113.8', '203.0.113.9'].map((text) => parseIpv4(text) ?? assert.fail());
    const draft = judge(withIps('203.0.113.7', '203.0.113.8'));
    assert.equal(gainedOf(denied, { before: judge(demo), after: draft }), 1);
    assert.equal(gainedOf(denied, { before: draft, after: draft }), 0);
  });

  it('shows the three doors, and what comes and goes', () => {
    const says = (before: Draft, after: Draft) =>
      doorsOf(before, after, 18).map(({ state, says: words, more, fewer }) => `${state}: ${words} +${more} −${fewer}`);
    assert.deepEqual(says(demo, withIps('198.51.100.0/24', '198.51.101.0/24')), [
      'shut: nobody +0 −0',
      'ajar: 2 rules +2 −1',
      'ajar: 18, each for its task +0 −0',
    ]);
    assert.deepEqual(says(demo, withAcls(withBoundary(demo, 'closed'), { bypass: 'None' })), [
      'gone: no public access +0 −0',
      'gone: no public access +0 −0',
      'shut: nobody +0 −18',
    ]);
    assert.deepEqual(says(demo, withBoundary(demo, 'open')).slice(0, 2), [
      'open: every subnet +0 −0',
      'open: every address +0 −0',
    ]);
  });
});

describe('the smallest fix of a draft', () => {
  const you = fromAddress('203.0.113.9') ?? assert.fail();

  it('adds the address, and opens the door where it is walled up', () => {
    const fix = smallestFix(judge(demo), you, options);
    assert.deepEqual(fix?.draft.networkAcls.ipRules, [{ value: '203.0.113.7' }, { value: '203.0.113.9' }]);
    const closed = smallestFix(judge(withBoundary(demo, 'closed')), you, options);
    assert.ok(closed !== undefined && boundaryIn(closed.draft) === 'rules');
    assert.deepEqual(
      closed.edits.map(({ kind }) => kind),
      ['addIpRule', 'enablePublicAccess'],
    );
    assert.ok(judge(closed.draft).letsIn(you));
  });

  it('does not exist for who is in, for IPv6 and for a private address', () => {
    for (const text of ['203.0.113.7', '2001:db8::1', '10.0.0.4']) {
      assert.equal(smallestFix(judge(demo), fromAddress(text) ?? assert.fail(), options), undefined, text);
    }
    assert.equal(fromAddress('203.0.113'), undefined);
  });
});

describe('the field for a new IP rule', () => {
  const { networkAcls } = demo;
  const judged = (text: string, acls = networkAcls) => judgeIpRule(text, acls, ruleProfiles.documented);
  const refused: readonly [text: string, says: RegExp, unfinished: boolean, instead: readonly string[]][] = [
    [
      '10.0.0.0/8',
      /^10\.0\.0\.0\/8 belongs to forbidden range 10\.0\.0\.0–10\.255\.255\.255 \(private IP addresses\)/,
      false,
      [],
    ],
    ['203.0.113.0/31', /small range.*203\.0\.113\.0 and 203\.0\.113\.1\.$/, false, ['203.0.113.0', '203.0.113.1']],
    ['203.0.113.9/32', /small range/, false, ['203.0.113.9']],
    ['203.0.113.9/24', /use 203\.0\.113\.0\/24 for the range/, false, ['203.0.113.0/24']],
    ['2001:db8::1', /is IPv6; only IPv4/, false, []],
    ['203.0', /has 2 of 4 octets/, true, []],
    ['203.0.', /neither an IPv4 address/, true, []],
    ['203.0.113.0/', /has the prefix ""/, true, []],
    ['203.0.113.7', /is in the list already/, false, []],
    ['203.0.113.x', /neither an IPv4 address/, false, []],
  ];
  for (const [text, says, unfinished, instead] of refused) {
    it(`refuses ${text} in the server's words`, () => {
      const typed = judged(text);
      assert.ok(typed.kind === 'refused');
      assert.match(typed.says, says);
      assert.deepEqual([typed.unfinished, typed.instead], [unfinished, instead]);
    });
  }

  it('takes a public address or range, and says which rule has it already', () => {
    assert.deepEqual(judged(' 203.0.113.8 '), { kind: 'taken', value: '203.0.113.8', note: undefined });
    const wide = { ...networkAcls, ipRules: [{ value: '203.0.113.0/24' }] };
    assert.deepEqual(judged('203.0.113.64/26', wide), {
      kind: 'taken',
      value: '203.0.113.64/26',
      note: '203.0.113.0/24 lets it in already.',
    });
    assert.deepEqual(judged('  '), { kind: 'empty' });
  });

  it('takes the 127th rule and refuses the 128th', () => {
    const rules = (count: number) => Array.from({ length: count }, (_, at) => ({ value: `198.51.100.${at}` }));
    assert.equal(judged('203.0.113.8', { ...networkAcls, ipRules: rules(126) }).kind, 'taken');
    const typed = judged('203.0.113.8', { ...networkAcls, ipRules: rules(127) });
    assert.ok(typed.kind === 'refused');
    assert.match(typed.says, /^a vault takes at most 127 IPv4 rules/);
  });
});

describe('the callers of the last hours, decided once more', () => {
  const row = (address: string, changes: Partial<CallerRow> = {}): CallerRow => ({
    source: { kind: 'public', address },
    caller: { issuerClass: 'own', objectId: `of ${address}`, name: `user of ${address}` },
    operation: 'SecretGet',
    permission: 'secrets/get',
    because: 'ipRule',
    first: '2026-11-26T10:00:00Z',
    last: '2026-11-26T11:00:00Z',
    count: 3,
    failed: 0,
    ...changes,
  });
  const judged = (rows: readonly CallerRow[], before: Draft, after: Draft) => {
    const found = judgeCallers(rows, { before: judge(before), after: judge(after), tenantId: 'ours' });
    return [found.stay, found.lose, found.gain].map((callers) => callers.map(({ who, count }) => `${who} ${count}`));
  };

  it('tells who stays, who loses and who comes back', () => {
    const rows = [
      row('203.0.113.7'),
      row('203.0.113.7', { operation: 'SecretList' }),
      row('203.0.113.8'),
      row('203.0.113.9'),
    ];
    assert.deepEqual(judged(rows, withIps('203.0.113.7', '203.0.113.8'), withIps('203.0.113.8', '203.0.113.9')), [
      ['user of 203.0.113.8 3'],
      ['user of 203.0.113.7 6'],
      ['user of 203.0.113.9 3'],
    ]);
  });

  it('keeps a trusted service in its scenario as long as the exception stands, from everywhere', () => {
    const service = row('192.0.2.1', {
      caller: {
        issuerClass: 'services',
        objectId: 'arm',
        applicationId: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
      },
    });
    const stranger = row('192.0.2.1', { caller: { ...service.caller, issuerClass: 'own', objectId: 'stranger' } });
    assert.deepEqual(judged([service, stranger], demo, withBoundary(demo, 'closed')), [
      ['797f4846-ba00-4fd7-ba43-dac1f8f63013 3'],
      [],
      [],
    ]);
    assert.deepEqual(judged([service], demo, withAcls(demo, { bypass: 'None' }))[1], [
      '797f4846-ba00-4fd7-ba43-dac1f8f63013 3',
    ]);
  });

  it('knows a subnet by its life, and a rule by the life that it was made for', () => {
    const networks = [
      {
        id: '',
        name: 'blue',
        location: '',
        properties: { subnets: [{ id: subnet, name: 'Workloads', properties: { resourceGuid: 'second' } }] },
      },
    ];
    const rules = withAcls(demo, { ipRules: [], virtualNetworkRules: [{ id: subnet.toLowerCase() }] });
    const from = (incarnation: string) =>
      row('', {
        source: {
          kind: 'subnet',
          subnet: subnet.toLowerCase(),
          incarnation,
          address: '10.0.0.4',
          assurance: 'enforced',
        },
      });
    const staying = (state: 'live' | 'earlierSubnet', incarnation: string) => {
      const states = [{ rule: 'virtualNetworkRules[0]', value: subnet.toLowerCase(), state, count: 0 }];
      const both = judgeOf(rules, incarnationsOf(networks, states), options);
      return judgeCallers([from(incarnation)], { before: both, after: both, tenantId: '' }).stay.length;
    };
    assert.equal(staying('live', 'second'), 1);
    assert.equal(staying('live', 'first'), 0);
    assert.equal(staying('earlierSubnet', 'second'), 0);
  });
});

describe('a rule and its subnet', () => {
  it('says what a rule is good for', () => {
    const said = (state: Parameters<typeof noteOnRule>[0]) => noteOnRule(state, () => '203.0.113.0/24')?.text;
    const rule = { rule: 'ipRules[0]', value: '203.0.113.7', count: 0 };
    assert.equal(said(undefined), undefined);
    assert.equal(said({ ...rule, state: 'live', count: 12, lastUse: '2026-11-26T11:00:00Z' }), '12 calls in 24 h');
    assert.equal(said({ ...rule, state: 'unused' }), 'not used lately');
    assert.equal(
      said({ ...rule, state: 'shadowed', shadowedBy: 'ipRules[1]' }),
      'lets in nobody whom 203.0.113.0/24 does not',
    );
    assert.match(said({ ...rule, state: 'earlierSubnet' }) ?? '', /earlier subnet of that name/);
  });

  it('switches the endpoint on beside the others', () => {
    const bare = { properties: { serviceEndpoints: [{ service: 'Microsoft.Storage' }] } };
    assert.ok(!hasEndpoint(bare));
    assert.ok(!hasEndpoint({ properties: {} }));
    const switched = withEndpoint(bare);
    assert.deepEqual(switched.serviceEndpoints, [{ service: 'Microsoft.Storage' }, { service: 'Microsoft.KeyVault' }]);
    assert.ok(hasEndpoint({ properties: switched }));
  });
});
