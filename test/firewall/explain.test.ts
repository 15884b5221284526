import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RuleArena } from '../../src/firewall/arena.ts';
import { compileFirewall } from '../../src/firewall/compile.ts';
import { decide } from '../../src/firewall/decide.ts';
import { explain } from '../../src/firewall/explain.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { FirewallSettings } from '../../src/types/firewall.ts';
import type { Source } from '../../src/types/source.ts';
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
  subnetId,
  unknownSource,
} from './samples.ts';

const rules = settingsWith({
  bypass: 'AzureServices',
  ipRules: ipRules('203.0.113.0/24', '203.0.113.7'),
  virtualNetworkRules: bindings('s1'),
});
const open: FirewallSettings = { publicNetworkAccess: 'Enabled', networkAcls: undefined };
const storage = managedIdentityOf('Microsoft.Storage/storageAccounts');
const arm = serviceApplication('797f4846-ba00-4fd7-ba43-dac1f8f63013');
const here = `the subnet ${subnetId('apps')} (private address 10.0.0.4)`;

const played = callerWith({ applicationId: '262044b1-e2ce-469f-a196-69ab7ada62d3' });

const sentences: readonly (readonly [FirewallSettings, Source, Caller | undefined, string])[] = [
  [rules, fromAddress('203.0.113.7'), undefined, 'Allowed: 203.0.113.7 is in ipRules[1] (203.0.113.7).'],
  [rules, fromAddress('203.0.113.8'), undefined, 'Allowed: 203.0.113.8 is in ipRules[0] (203.0.113.0/24).'],
  [rules, fromSubnet('s1'), undefined, `Allowed: ${here} has virtualNetworkRules[0] (${subnetId('of-s1')}).`],
  [
    rules,
    fromAddress('198.51.100.1'),
    played,
    `Denied: defaultAction is Deny, 198.51.100.1 is in none of the IP rules (2), and the caller is not a trusted service: its application id is that of "Azure Backup", but its token is of the tenant ${played.tenant} and not of Microsoft's, f8cdef31-a31e-4b4a-93e4-5f571e91255a.`,
  ],
  [
    open,
    fromAddress('203.0.113.7'),
    undefined,
    'Allowed: the vault has no networkAcls, so it is open to all networks.',
  ],
  [
    settingsWith({ ...rules.networkAcls, defaultAction: 'Allow' }),
    fromAddress('198.51.100.1'),
    undefined,
    'Allowed: defaultAction is Allow, so the vault is open to all networks and its rules (2 IP, 1 virtual network) are not applied.',
  ],
  [
    rules,
    fromAddress('198.51.100.1'),
    arm,
    'Allowed: the caller is the trusted service "Azure Resource Manager template deployment service", secrets/get belongs to its scenario (Pass secure values during deployment), and bypass is AzureServices.',
  ],
  [rules, unknownSource, arm, 'Denied: it is not known where the request comes from (the gateway named no subnet).'],
  [
    settingsWith({ ipRules: ipRules('nonsense') }),
    fromAddress('203.0.113.7'),
    undefined,
    "Denied: the vault's stored rules cannot be read, so nobody is let in until they are set again.",
  ],
  [
    { ...rules, publicNetworkAccess: 'Disabled' },
    fromAddress('203.0.113.7'),
    callerWith({}),
    'Denied: publicNetworkAccess is Disabled, which overrides every rule, and the caller is not a trusted service.',
  ],
  [
    { ...open, publicNetworkAccess: 'Disabled' },
    fromAddress('203.0.113.7'),
    undefined,
    'Denied: publicNetworkAccess is Disabled, which overrides every rule, and the caller is not a trusted service.',
  ],
  [
    rules,
    fromAddress('198.51.100.1'),
    callerWith({}),
    'Denied: defaultAction is Deny, 198.51.100.1 is in none of the IP rules (2), and the caller is not a trusted service.',
  ],
  [
    rules,
    fromAddress('198.51.100.1'),
    storage,
    'Denied: defaultAction is Deny, 198.51.100.1 is in none of the IP rules (2), and secrets/get does not belong to the scenario that the trusted service "Azure Storage" is let through for (Storage Service Encryption using customer-managed keys in Azure Key Vault).',
  ],
  [
    settingsWith({ ...rules.networkAcls, bypass: 'None' }),
    fromAddress('198.51.100.1'),
    arm,
    'Denied: defaultAction is Deny, 198.51.100.1 is in none of the IP rules (2), and bypass is None, so that no caller is let through as a trusted service.',
  ],
  [
    rules,
    fromAddress('2001:db8::1'),
    undefined,
    'Denied: defaultAction is Deny, 2001:db8::1 is an IPv6 address, which no rule can allow, and the caller is not a trusted service.',
  ],
  [
    rules,
    fromSubnet('s2'),
    undefined,
    `Denied: defaultAction is Deny, ${here} has no virtual network rule, and the caller is not a trusted service.`,
  ],
  [
    settingsWith({ virtualNetworkRules: [{ id: subnetId('apps'), incarnation: 'before' }] }),
    fromSubnet('now'),
    undefined,
    `Denied: defaultAction is Deny, ${here} has no virtual network rule (virtualNetworkRules[0] was made for an earlier subnet of that name; remove it and add it again), and bypass is None, so that no caller is let through as a trusted service.`,
  ],
  [
    rules,
    fromSubnet('s1', 'declared'),
    undefined,
    `Denied: ${here} was only declared, which this server does not accept for virtual network rules, and the caller is not a trusted service.`,
  ],
];

for (const [settings, source, caller, sentence] of sentences) {
  test(`a verdict is explained: ${sentence.slice(0, 90)}`, () => {
    const firewall = compileFirewall(settings, new RuleArena());
    const verdict = decide(firewall, source, caller, secretGet);
    const { trust } = firewall.posture;
    assert.equal(explain({ verdict, settings, source, caller, operation: secretGet, trust }), sentence);
  });
}

test('a rule that is not in the settings is named only by its index', () => {
  const verdict = { allowed: true, because: 'ipRule', index: 9 } as const;
  const source = fromAddress('203.0.113.7');
  assert.equal(
    explain({ verdict, settings: rules, source, caller: undefined, operation: secretGet, trust: undefined }),
    'Allowed: 203.0.113.7 is in ipRules[9].',
  );
});
