import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { RuleArena } from '../../src/firewall/arena.ts';
import { compileFirewall } from '../../src/firewall/compile.ts';
import { decide } from '../../src/firewall/decide.ts';
import { accessOf, isIn } from '../../src/insight/access-set.ts';
import { changeLines, describeChange } from '../../src/insight/describe.ts';
import { count, everyAddress } from '../../src/insight/spans.ts';
import { changeOf, isNobody } from '../../src/insight/diff.ts';
import { azureCliLines, fixesFor, unnamable } from '../../src/insight/fixes.ts';
import type { Fix } from '../../src/insight/fixes.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import type { FirewallSettings, NetworkAcls } from '../../src/types/firewall.ts';
import type { Source } from '../../src/types/source.ts';
import {
  bindings,
  callerWith,
  fromAddress,
  fromSubnet,
  ipRules,
  operationOf,
  secretGet,
  settingsWith,
  unknownSource,
} from '../firewall/samples.ts';
import { options, request, settings } from './arbitraries.ts';

suite('a fix', () => {
  test('lets the request in, takes nothing from anybody, and does not open the vault to everybody', () => {
    fc.assert(
      fc.property(settings, request, options, (before, asked, given) => {
        for (const { settings: after, gains } of fixesFor(before, asked, given)) {
          const firewall = compileFirewall(after, new RuleArena(), given);
          assert.equal(decide(firewall, asked.source, asked.caller, asked.operation).allowed, true);
          const change = changeOf(accessOf(before, given), accessOf(after, given));
          assert.ok(isNobody(change.losses));
          assert.deepEqual(change.gains, gains);
          const stranger = fromAddress('8.8.8.8');
          const rules = before.networkAcls?.ipRules ?? [];
          const named = rules.length > 0;
          if (!named) assert.equal(isIn(gains.network, stranger), false);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('is found for each refused request from a known IPv4 address or proved subnet', () => {
    fc.assert(
      fc.property(settings, request, options, (before, asked, given) => {
        const { source, caller, operation } = asked;
        const isReserved = source.kind === 'public' && unnamable(source) !== undefined;
        const isPlain =
          source.kind === 'subnet'
            ? source.assurance === 'enforced'
            : source.kind === 'public' && source.address.family === 4;
        const { allowed } = decide(compileFirewall(before, new RuleArena(), given), source, caller, operation);
        const rules = before.networkAcls?.ipRules.map(({ value }) => value) ?? [];
        // With one address more these rules would be for more than half of all addresses.
        const isWide =
          count(accessOf(settingsWith({ ipRules: ipRules(...rules) })).network.ipv4) > count(everyAddress) / 2 - 1;
        const isOther = before.publicNetworkAccess === 'SecuredByPerimeter';
        if (isPlain && !isReserved && !isWide && !isOther)
          assert.equal(fixesFor(before, asked, given).length > 0, !allowed);
      }),
      { numRuns: 2000 },
    );
  });
});

interface Example {
  readonly what: string;
  readonly settings: FirewallSettings;
  readonly source: Source;
  readonly caller?: ReturnType<typeof callerWith>;
  readonly fixes: readonly (readonly string[])[];
}

const databricks = callerWith({
  issuerClass: 'services',
  tenant: servicesTenant,
  applicationId: '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d',
});
const address = fromAddress('203.0.113.9');
const add = 'az keyvault network-rule add --ip-address 203.0.113.9 --name v';
const { subnet } = fromSubnet('new');
const stale: NetworkAcls['virtualNetworkRules'] = [{ id: subnet, incarnation: 'old' }];

const examples: readonly Example[] = [
  { what: 'an address that no rule names', settings: settingsWith({}), source: address, fixes: [[add]] },
  {
    what: 'an address that a rule names',
    settings: settingsWith({ ipRules: ipRules('203.0.113.0/24') }),
    source: address,
    fixes: [],
  },
  {
    what: 'a subnet that no rule names',
    settings: settingsWith({ virtualNetworkRules: bindings('other') }),
    source: fromSubnet('new'),
    fixes: [[`az keyvault network-rule add --subnet ${subnet} --name v`]],
  },
  {
    what: 'a subnet that was made again under its name',
    settings: settingsWith({ virtualNetworkRules: stale }),
    source: fromSubnet('new'),
    fixes: [
      [
        `az keyvault network-rule remove --subnet ${subnet} --name v`,
        `az keyvault network-rule add --subnet ${subnet} --name v`,
      ],
    ],
  },
  {
    what: 'a vault that is closed and open by default: it must not be opened as it is',
    settings: settingsWith({ defaultAction: 'Allow' }, 'Disabled'),
    source: address,
    fixes: [
      [
        add,
        'az keyvault update --default-action Deny --name v',
        'az keyvault update --public-network-access Enabled --name v',
      ],
    ],
  },
  {
    what: 'a vault that is closed, with a rule that waits',
    settings: settingsWith({ ipRules: ipRules('203.0.113.9') }, 'Disabled'),
    source: address,
    fixes: [['az keyvault update --public-network-access Enabled --name v']],
  },
  {
    what: 'a trusted service: its address is cheaper than the bypass, which is for all services',
    settings: settingsWith({}),
    source: address,
    caller: databricks,
    fixes: [[add], ['az keyvault update --bypass AzureServices --name v']],
  },
  {
    what: 'an IPv6 address, which no rule can name',
    settings: settingsWith({}),
    source: fromAddress('2001:db8::1'),
    fixes: [],
  },
  {
    what: 'a loopback address, which no rule may name',
    settings: settingsWith({}),
    source: fromAddress('127.0.0.7'),
    fixes: [],
  },
  { what: 'a source that is not known', settings: settingsWith({}), source: unknownSource, fixes: [] },
];

suite('the fixes for', () => {
  for (const { what, settings: given, source, caller, fixes } of examples) {
    test(what, () => {
      const found = fixesFor(given, { source, caller, operation: secretGet });
      assert.deepEqual(
        found.map((fix) => azureCliLines(fix, 'v')),
        fixes,
      );
    });
  }

  test('a source that no rule can name: the reason', () => {
    assert.match(
      unnamable(fromAddress('127.0.0.7')) ?? '',
      /^No IP rule can name 127\.0\.0\.7 \(loopback addresses\): /,
    );
    assert.match(unnamable(fromAddress('2001:db8::1')) ?? '', /^No rule can name an IPv6 address: /);
    assert.equal(unnamable(fromAddress('203.0.113.9')), undefined);
  });

  test('a trusted service outside its scenario do not name the bypass', () => {
    const asked = { source: address, caller: databricks, operation: operationOf('secrets/set') };
    assert.deepEqual(
      fixesFor(settingsWith({}), asked).flatMap((fix: Fix) => azureCliLines(fix, 'v')),
      [add],
    );
  });
});

suite('a change in words', () => {
  const lines = (before: FirewallSettings, after: FirewallSettings) => {
    const change = changeOf(accessOf(before), accessOf(after));
    return changeLines(change, describeChange(change, before, after));
  };

  test('names each range with its rule, and each subnet', () => {
    const before = settingsWith({ ipRules: ipRules('203.0.113.64/26', '198.51.100.7') });
    const after = settingsWith({
      ipRules: ipRules('198.51.100.7', '198.51.100.0/28'),
      virtualNetworkRules: [{ id: subnet, incarnation: 'new' }],
    });
    assert.deepEqual(lines(before, after), [
      '+ 198.51.100.0/30   4 addresses   ipRules[1]',
      '+ 198.51.100.4/31   2 addresses   ipRules[1]',
      '+ 198.51.100.6      1 address     ipRules[1]',
      '+ 198.51.100.8/29   8 addresses   ipRules[1]',
      '+ v/apps            subnet        virtualNetworkRules[0]',
      '- 203.0.113.64/26   64 addresses   was ipRules[0]',
    ]);
  });

  test('says who is left when a vault is closed, and not all the others', () => {
    const open: FirewallSettings = { publicNetworkAccess: 'Enabled', networkAcls: undefined };
    assert.deepEqual(lines(open, settingsWith({ ipRules: ipRules('203.0.113.0/24') })), [
      '- every IPv4 address except 203.0.113.0/24',
      '- every IPv6 address',
      '- every subnet',
      '- 18 trusted services, each for its scenario, from everywhere',
    ]);
  });

  test('says that nobody gains or loses where the text alone changes', () => {
    const [one, other] = [['203.0.113.0/25', '203.0.113.128/25'], ['203.0.113.0/24']].map((values) =>
      settingsWith({ ipRules: ipRules(...values) }),
    );
    assert.ok(one !== undefined && other !== undefined);
    assert.deepEqual(lines(one, other), ['= nobody gains or loses access']);
  });
});
