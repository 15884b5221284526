import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RuleArena } from '../../src/firewall/arena.ts';
import { compileFirewall, release } from '../../src/firewall/compile.ts';
import type { CompileOptions } from '../../src/firewall/compile.ts';
import { decide } from '../../src/firewall/decide.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { FirewallSettings } from '../../src/types/firewall.ts';
import type { Source } from '../../src/types/source.ts';
import type { DenyReason, Verdict } from '../../src/types/verdict.ts';
import {
  bindings,
  callerWith,
  fromAddress,
  fromSubnet,
  ipRules,
  managedIdentityOf,
  secretGet,
  serviceApplication,
  settingsWith,
  unknownSource,
} from './samples.ts';

interface Question {
  readonly settings: FirewallSettings;
  readonly source: Source;
  readonly caller?: Caller | undefined;
  readonly options?: CompileOptions;
}

function answer({ settings, source, caller, options }: Question): Verdict {
  return decide(compileFirewall(settings, new RuleArena(), options), source, caller, secretGet);
}

const denied = (because: DenyReason): Verdict => ({ allowed: false, because });
const byIpRule = (index: number): Verdict => ({ allowed: true, because: 'ipRule', index });
const bySubnet = (index: number): Verdict => ({ allowed: true, because: 'virtualNetworkRule', index });
const byDefault: Verdict = { allowed: true, because: 'defaultAction' };
const byArm: Verdict = {
  allowed: true,
  because: 'trustedService',
  service: 'Azure Resource Manager template deployment service',
  scenario: 'Pass secure values during deployment.',
  inScenario: true,
};

const arm = serviceApplication('797f4846-ba00-4fd7-ba43-dac1f8f63013');
const ordinary = callerWith({});
const address = fromAddress('203.0.113.7');
const ruleOfAddress = ipRules('203.0.113.7');
const open: FirewallSettings = { publicNetworkAccess: 'Enabled', networkAcls: undefined };
const unreadable = settingsWith({ bypass: 'AzureServices', defaultAction: 'Allow', ipRules: ipRules('everyone') });

const order: readonly (readonly [what: string, question: Question, verdict: Verdict])[] = [
  ['no networkAcls lets everyone in', { settings: open, source: address }, byDefault],
  ['no networkAcls, a caller over IPv6', { settings: open, source: fromAddress('2001:db8::1') }, byDefault],
  ['no networkAcls, a subnet', { settings: open, source: fromSubnet('s1') }, byDefault],
  ['no networkAcls, a trusted service is named', { settings: open, source: address, caller: arm }, byArm],
  [
    'no networkAcls, public access disabled',
    { settings: { ...open, publicNetworkAccess: 'Disabled' }, source: address, caller: ordinary },
    denied('publicNetworkAccessDisabled'),
  ],
  [
    'unknown source before the bypass',
    { settings: settingsWith({ bypass: 'AzureServices' }), source: unknownSource, caller: arm },
    denied('sourceUnknown'),
  ],
  ['unknown source before an open default', { settings: open, source: unknownSource }, denied('sourceUnknown')],
  ['unknown source before unreadable rules', { settings: unreadable, source: unknownSource }, denied('sourceUnknown')],
  [
    'unreadable rules before the bypass, though the default is Allow',
    { settings: unreadable, source: address, caller: arm },
    denied('rulesUnreadable'),
  ],
  [
    'unreadable rules before public access disabled',
    { settings: { ...unreadable, publicNetworkAccess: 'Disabled' }, source: address },
    denied('rulesUnreadable'),
  ],
  [
    'the bypass before public access disabled',
    { settings: settingsWith({ bypass: 'AzureServices' }, 'Disabled'), source: address, caller: arm },
    byArm,
  ],
  [
    'the bypass before a rule',
    { settings: settingsWith({ bypass: 'AzureServices', ipRules: ruleOfAddress }), source: address, caller: arm },
    byArm,
  ],
  [
    'bypass None ignores a trusted service, though public access is disabled',
    { settings: settingsWith({}, 'Disabled'), source: address, caller: arm },
    denied('publicNetworkAccessDisabled'),
  ],
  [
    'bypass None ignores a trusted service',
    { settings: settingsWith({}), source: address, caller: arm },
    denied('noIpRule'),
  ],
  [
    'the bypass does not help an ordinary caller',
    { settings: settingsWith({ bypass: 'AzureServices' }), source: address, caller: ordinary },
    denied('noIpRule'),
  ],
  [
    'the bypass does not help where there is no caller',
    { settings: settingsWith({ bypass: 'AzureServices' }), source: address },
    denied('noIpRule'),
  ],
  [
    'the bypass lets a trusted service in over IPv6',
    { settings: settingsWith({ bypass: 'AzureServices' }), source: fromAddress('2001:db8::1'), caller: arm },
    byArm,
  ],
  [
    'the bypass lets a managed identity in from a subnet without a rule',
    {
      settings: settingsWith({ bypass: 'AzureServices' }),
      source: fromSubnet('s1'),
      caller: managedIdentityOf('Microsoft.DataFactory/factories'),
    },
    {
      allowed: true,
      because: 'trustedService',
      service: 'Azure Data Factory',
      scenario: 'Fetch data store credentials in Key Vault from Data Factory',
      inScenario: true,
    },
  ],
  [
    'public access disabled overrides a rule',
    { settings: settingsWith({ ipRules: ruleOfAddress }, 'Disabled'), source: address },
    denied('publicNetworkAccessDisabled'),
  ],
  [
    'public access disabled overrides a subnet rule',
    { settings: settingsWith({ virtualNetworkRules: bindings('s1') }, 'disabled'), source: fromSubnet('s1') },
    denied('publicNetworkAccessDisabled'),
  ],
  [
    'public access disabled overrides an open default',
    { settings: settingsWith({ defaultAction: 'Allow' }, 'Disabled'), source: address },
    denied('publicNetworkAccessDisabled'),
  ],
  [
    'SecuredByPerimeter is not Enabled',
    { settings: settingsWith({ defaultAction: 'Allow' }, 'SecuredByPerimeter'), source: address },
    denied('publicNetworkAccessDisabled'),
  ],
  [
    'an empty publicNetworkAccess is not Enabled',
    { settings: settingsWith({ defaultAction: 'Allow' }, ''), source: address },
    denied('publicNetworkAccessDisabled'),
  ],
  [
    'Enabled is read in any case',
    { settings: settingsWith({ ipRules: ruleOfAddress }, 'ENABLED'), source: address },
    byIpRule(0),
  ],
  [
    'defaultAction Allow applies no rule',
    { settings: settingsWith({ defaultAction: 'Allow', ipRules: ruleOfAddress }), source: address },
    byDefault,
  ],
  [
    'defaultAction Allow lets in an address that no rule names',
    { settings: settingsWith({ defaultAction: 'Allow', ipRules: ruleOfAddress }), source: fromAddress('203.0.113.8') },
    byDefault,
  ],
  [
    'defaultAction Allow lets a declared subnet in',
    { settings: settingsWith({ defaultAction: 'Allow' }), source: fromSubnet('s1', 'declared') },
    byDefault,
  ],
];

for (const [what, question, verdict] of order) {
  test(`the order of the decision: ${what}`, () => {
    assert.deepEqual(answer(question), verdict);
  });
}

const rules = settingsWith({
  ipRules: ipRules('203.0.113.0/24', '203.0.113.64/26', '203.0.113.70', '203.0.113.64/26', '198.51.100.7/32'),
  virtualNetworkRules: bindings('s1', 's2', 's1'),
});

const bySource: readonly (readonly [what: string, source: Source, verdict: Verdict])[] = [
  ['one before the range', fromAddress('203.0.112.255'), denied('noIpRule')],
  ['the first of the range', fromAddress('203.0.113.0'), byIpRule(0)],
  ['the last before a narrower rule', fromAddress('203.0.113.63'), byIpRule(0)],
  ['the first of the narrower rule, of two the first', fromAddress('203.0.113.64'), byIpRule(1)],
  ['the last before the single address', fromAddress('203.0.113.69'), byIpRule(1)],
  ['the single address', fromAddress('203.0.113.70'), byIpRule(2)],
  ['the first after the single address', fromAddress('203.0.113.71'), byIpRule(1)],
  ['the last of the narrower rule', fromAddress('203.0.113.127'), byIpRule(1)],
  ['the first after the narrower rule', fromAddress('203.0.113.128'), byIpRule(0)],
  ['the last of the range', fromAddress('203.0.113.255'), byIpRule(0)],
  ['one after the range', fromAddress('203.0.114.0'), denied('noIpRule')],
  ['one before the /32', fromAddress('198.51.100.6'), denied('noIpRule')],
  ['the /32', fromAddress('198.51.100.7'), byIpRule(4)],
  ['one after the /32', fromAddress('198.51.100.8'), denied('noIpRule')],
  ['an address mapped into IPv6', fromAddress('::ffff:203.0.113.70'), byIpRule(2)],
  ['an IPv4-compatible IPv6 address', fromAddress('::203.0.113.70'), denied('ipv6')],
  ['an IPv6 address that begins with the bytes of a rule', fromAddress('cb00:7100::'), denied('ipv6')],
  ['the private address of an allowed subnet, over the public side', fromAddress('10.0.0.4'), denied('noIpRule')],
  ['an allowed subnet, of two rules the first', fromSubnet('s1'), bySubnet(0)],
  ['another allowed subnet', fromSubnet('s2'), bySubnet(1)],
  ['a subnet with the same private address', fromSubnet('s3'), denied('noVirtualNetworkRule')],
  ['an incarnation in another case', fromSubnet('S1'), denied('noVirtualNetworkRule')],
  ['an empty incarnation', fromSubnet(''), denied('noVirtualNetworkRule')],
  ['an allowed subnet that was only declared', fromSubnet('s1', 'declared'), denied('subnetOnlyDeclared')],
  ['another subnet that was only declared', fromSubnet('s3', 'declared'), denied('noVirtualNetworkRule')],
  [
    'a subnet whose private address is in an IP rule',
    { ...fromSubnet('s3'), address: fromAddress('203.0.113.70').address },
    denied('noVirtualNetworkRule'),
  ],
];

for (const [what, source, verdict] of bySource) {
  test(`deny by default, from ${what}: ${verdict.allowed ? 'allowed' : verdict.because}`, () => {
    assert.deepEqual(answer({ settings: rules, source, caller: ordinary }), verdict);
  });
}

test('deny by default without any rule denies each kind of source with its own reason', () => {
  const settings = settingsWith({});
  assert.deepEqual(answer({ settings, source: address }), denied('noIpRule'));
  assert.deepEqual(answer({ settings, source: fromAddress('2001:db8::1') }), denied('ipv6'));
  assert.deepEqual(answer({ settings, source: fromSubnet('s1') }), denied('noVirtualNetworkRule'));
});

test('a declared subnet satisfies its rule where the server accepts that, and no other rule', () => {
  const options = { acceptDeclared: true };
  assert.deepEqual(answer({ settings: rules, source: fromSubnet('s2', 'declared'), options }), bySubnet(1));
  assert.deepEqual(
    answer({ settings: rules, source: fromSubnet('s3', 'declared'), options }),
    denied('noVirtualNetworkRule'),
  );
});

test('a subnet that is bound in another vault only is denied', () => {
  const arena = new RuleArena();
  const mine = compileFirewall(settingsWith({ virtualNetworkRules: bindings('s1') }), arena);
  const other = compileFirewall(settingsWith({ virtualNetworkRules: bindings('s2') }), arena);
  assert.deepEqual(decide(mine, fromSubnet('s2'), undefined, secretGet), denied('noVirtualNetworkRule'));
  assert.deepEqual(decide(other, fromSubnet('s2'), undefined, secretGet), bySubnet(0));
});

const damaged: readonly unknown[] = [
  null,
  'Deny',
  {},
  { ...rules.networkAcls, bypass: 'azureservices' },
  { ...rules.networkAcls, defaultAction: undefined },
  { ...rules.networkAcls, defaultAction: 'allow' },
  { ...rules.networkAcls, ipRules: undefined },
  { ...rules.networkAcls, ipRules: { 0: { value: '203.0.113.7' } } },
  { ...rules.networkAcls, ipRules: [null] },
  { ...rules.networkAcls, ipRules: ['203.0.113.7'] },
  { ...rules.networkAcls, ipRules: [{ value: 3405803783 }] },
  { ...rules.networkAcls, ipRules: ipRules('203.0.113.7', '203.0.113.7/24') },
  { ...rules.networkAcls, virtualNetworkRules: null },
  { ...rules.networkAcls, virtualNetworkRules: [{ id: 'subnet' }] },
  { ...rules.networkAcls, virtualNetworkRules: bindings('s1', '') },
  { ...rules.networkAcls, defaultAction: 'Allow', ipRules: ipRules('203.0.113.0/') },
];

for (const networkAcls of damaged) {
  test(`stored rules that cannot be read deny everything: ${JSON.stringify(networkAcls)}`, () => {
    const settings: unknown = { publicNetworkAccess: 'Enabled', networkAcls };
    assert.ok(isSettings(settings));
    for (const source of [address, fromSubnet('s1')]) {
      assert.deepEqual(answer({ settings, source, caller: arm }), denied('rulesUnreadable'));
    }
  });
}

test('a stored publicNetworkAccess that is not a string denies everything', () => {
  const settings: unknown = { publicNetworkAccess: true, networkAcls: undefined };
  assert.ok(isSettings(settings));
  assert.deepEqual(answer({ settings, source: address }), denied('rulesUnreadable'));
});

/** A type guard that accepts anything, as storage does with a damaged record. */
function isSettings(value: unknown): value is FirewallSettings {
  return typeof value === 'object';
}

test('a firewall that was released denies everything, and can be released again', () => {
  const arena = new RuleArena();
  const firewall = compileFirewall(rules, arena);
  const openFirewall = compileFirewall(open, arena);
  release(firewall);
  release(openFirewall);
  const next = compileFirewall(settingsWith({ ipRules: ruleOfAddress }), arena);
  release(firewall);
  assert.deepEqual(decide(firewall, address, arm, secretGet), denied('rulesUnreadable'));
  assert.deepEqual(decide(openFirewall, address, arm, secretGet), denied('rulesUnreadable'));
  assert.deepEqual(decide(next, address, arm, secretGet), byIpRule(0));
});

test('verdicts exist once and cannot be changed', () => {
  const many = ipRules(...Array.from({ length: 300 }, (_, n) => `1.0.${n >> 8}.${n & 255}`));
  const firewall = compileFirewall(settingsWith({ bypass: 'AzureServices', ipRules: many }), new RuleArena());
  const sources = [fromAddress('1.0.1.43'), fromAddress('1.0.0.0'), fromAddress('1.0.0.200'), address, unknownSource];
  for (const source of sources) {
    for (const caller of [ordinary, arm]) {
      const verdict = decide(firewall, source, caller, secretGet);
      assert.ok(Object.isFrozen(verdict));
      assert.equal(decide(firewall, source, caller, secretGet), verdict);
    }
  }
  assert.deepEqual(decide(firewall, fromAddress('1.0.1.43'), ordinary, secretGet), byIpRule(299));
  assert.deepEqual(decide(firewall, fromAddress('1.0.0.200'), ordinary, secretGet), byIpRule(200));
});
