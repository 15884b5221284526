import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleLimitMax, ruleProfiles, withLimits } from '../../src/firewall/profiles.ts';
import type { RuleProfile } from '../../src/types/firewall.ts';
import { refusalMessage } from '../../src/firewall/refusal.ts';
import type { RuleRefusal } from '../../src/firewall/refusal.ts';
import { validateNetworkAcls } from '../../src/firewall/validate.ts';

const { documented, current } = ruleProfiles;

const subnetId =
  '/subscriptions/0c9ab5e4-0f5e-4f0c-9c5c-2f4d6f1b7a10/resourceGroups/Net_(1).rg/providers/Microsoft.Network/virtualNetworks/vNet-1/subnets/Apps_1';

function refusalOf(networkAcls: unknown, profile: RuleProfile = documented): RuleRefusal {
  const result = validateNetworkAcls(networkAcls, profile);
  assert.ok(!result.ok, 'it should have been refused');
  return result.refusal;
}

function ipRuleGivenBack(value: string, profile: RuleProfile): unknown {
  const result = validateNetworkAcls({ ipRules: [{ value }] }, profile);
  assert.ok(result.ok, result.ok ? '' : refusalMessage(result.refusal));
  return result.networkAcls.ipRules[0]?.value;
}

/** `count` different addresses from 1.0.0.0 on. */
function addresses(count: number): { value: string }[] {
  return Array.from({ length: count }, (_, n) => ({ value: `1.0.${n >> 8}.${n & 255}` }));
}

function subnets(count: number): { id: string }[] {
  return Array.from({ length: count }, (_, n) => ({ id: `${subnetId}${n}` }));
}

test('defaults: bypass AzureServices, defaultAction Allow, no rules', () => {
  const empty = { bypass: 'AzureServices', defaultAction: 'Allow', ipRules: [], virtualNetworkRules: [] };
  for (const given of [{}, { bypass: null, defaultAction: null, ipRules: null, virtualNetworkRules: null }]) {
    assert.deepEqual(validateNetworkAcls(given, documented), { ok: true, networkAcls: empty });
  }
});

test('rules are kept under either default action', () => {
  for (const defaultAction of ['Allow', 'Deny']) {
    const given = {
      bypass: 'None',
      defaultAction,
      ipRules: [{ value: '203.0.113.7' }, { value: '198.51.100.0/24' }],
      virtualNetworkRules: [{ id: subnetId.toLowerCase(), ignoreMissingVnetServiceEndpoint: true }],
    };
    assert.deepEqual(validateNetworkAcls(given, documented), { ok: true, networkAcls: given });
  }
});

test("bypass and defaultAction are accepted in any case and returned in Azure's", () => {
  const result = validateNetworkAcls({ bypass: 'azureservices', defaultAction: 'DENY' }, documented);
  assert.ok(result.ok);
  assert.equal(result.networkAcls.bypass, 'AzureServices');
  assert.equal(result.networkAcls.defaultAction, 'Deny');
});

test('a subnet id is accepted in any case, and both profiles return it in lower case', () => {
  for (const profile of [documented, current]) {
    const result = validateNetworkAcls({ virtualNetworkRules: [{ id: subnetId }] }, profile);
    assert.deepEqual(result.ok && result.networkAcls.virtualNetworkRules, [{ id: subnetId.toLowerCase() }]);
  }
  const asGiven: RuleProfile = { ...documented, subnetIds: 'asGiven' };
  const result = validateNetworkAcls({ virtualNetworkRules: [{ id: subnetId }] }, asGiven);
  assert.deepEqual(result.ok && result.networkAcls.virtualNetworkRules, [{ id: subnetId }]);
});

test('the documented profile returns an address as it was given, the current one with /32', () => {
  assert.equal(ipRuleGivenBack('203.0.113.7', documented), '203.0.113.7');
  assert.equal(ipRuleGivenBack('203.0.113.7', current), '203.0.113.7/32');
  assert.equal(ipRuleGivenBack('203.0.113.7/32', current), '203.0.113.7/32');
  assert.equal(ipRuleGivenBack('203.0.113.6/31', current), '203.0.113.6/31');
  for (const profile of [documented, current]) {
    assert.equal(ipRuleGivenBack('203.0.113.4/30', profile), '203.0.113.4/30');
    assert.equal(ipRuleGivenBack('1.0.0.0/8', profile), '1.0.0.0/8');
  }
});

const acls = 'properties.networkAcls';
const first = `${acls}.ipRules[0].value`;
const remedy =
  'IP rules take public addresses only: give the public (NAT) address that callers arrive from, ' +
  'or a virtual network rule for callers in a subnet. To let every network in, set defaultAction to Allow.';

const ipRuleRefusals: readonly (readonly [value: unknown, kind: RuleRefusal['kind'], message: string])[] = [
  [
    '10.0.0.0/8',
    'reservedRange',
    `10.0.0.0/8 belongs to forbidden range 10.0.0.0–10.255.255.255 (private IP addresses). ${remedy}`,
  ],
  [
    '172.20.10.5',
    'reservedRange',
    `172.20.10.5 belongs to forbidden range 172.16.0.0–172.31.255.255 (private IP addresses). ${remedy}`,
  ],
  [
    '192.168.1.0/24',
    'reservedRange',
    `192.168.1.0/24 belongs to forbidden range 192.168.0.0–192.168.255.255 (private IP addresses). ${remedy}`,
  ],
  [
    '192.0.0.0/8',
    'reservedRange',
    `192.0.0.0/8 overlaps forbidden range 192.0.0.0–192.0.0.255 (IETF protocol assignments, RFC 6890). ${remedy}`,
  ],
  [
    '0.0.0.0/0',
    'reservedRange',
    `0.0.0.0/0 overlaps forbidden range 0.0.0.0–0.255.255.255 ("this network" addresses, RFC 791). ${remedy}`,
  ],
  [
    '10.1.2.3/8',
    'reservedRange',
    `10.1.2.3/8 belongs to forbidden range 10.0.0.0–10.255.255.255 (private IP addresses). ${remedy}`,
  ],
  [
    '203.0.113.6/31',
    'smallRange',
    '203.0.113.6/31 is a small range, and the prefix sizes /31 and /32 are not supported; use individual addresses instead: 203.0.113.6 and 203.0.113.7.',
  ],
  [
    '203.0.113.7/31',
    'smallRange',
    '203.0.113.7/31 is a small range, and the prefix sizes /31 and /32 are not supported; use individual addresses instead: 203.0.113.6 and 203.0.113.7.',
  ],
  [
    '203.0.113.7/32',
    'smallRange',
    '203.0.113.7/32 is a small range, and the prefix sizes /31 and /32 are not supported; use individual addresses instead: 203.0.113.7.',
  ],
  ['', 'notARange', '"" is empty; give a public IPv4 address, or a range such as 203.0.113.0/24.'],
  [' 203.0.113.7', 'notARange', '" 203.0.113.7" has white space in it; remove it.'],
  ['2001:db8::/32', 'notARange', '"2001:db8::/32" is IPv6; only IPv4 addresses are supported.'],
  ['::ffff:203.0.113.7', 'notARange', '"::ffff:203.0.113.7" is IPv6; only IPv4 addresses are supported.'],
  ['0xCB007107', 'notARange', '"0xCB007107" is in hexadecimal; write the octets in decimal.'],
  ['203.0/16', 'notARange', '"203.0/16" has 2 of 4 octets; write all four, as in 203.0.113.0/24.'],
  [
    '010.1.1.1',
    'notARange',
    '"010.1.1.1" has the octet 010, whose leading zero some readers take for octal; write 10 if decimal is meant.',
  ],
  ['203.0.113.256', 'notARange', '"203.0.113.256" has the octet "256"; an octet is at most 255.'],
  [
    '203.0.113.0/255.255.255.0',
    'notARange',
    '"203.0.113.0/255.255.255.0" has the prefix "255.255.255.0"; write the number of leading bits in decimal, as in /24, not a netmask.',
  ],
  ['203.0.113.0/33', 'notARange', '"203.0.113.0/33" has the prefix "33"; a prefix is at most 32.'],
  [
    '203.0.113.7/24',
    'notARange',
    '"203.0.113.7/24" has bits set after the prefix; use 203.0.113.0/24 for the range, or the address without a prefix.',
  ],
  [
    'example.com\u0000',
    'notARange',
    String.raw`"example.com\u0000" is neither an IPv4 address nor a range; write it as in 203.0.113.7 or 203.0.113.0/24.`,
  ],
  [3405803783, 'wrongType', 'this is a number; it must be a string.'],
  [['203.0.113.7'], 'wrongType', 'this is an array; it must be a string.'],
];

for (const [value, kind, message] of ipRuleRefusals) {
  test(`the IP rule ${JSON.stringify(value)} is refused with ${kind}`, () => {
    const refusal = refusalOf({ ipRules: [{ value }] });
    assert.equal(refusal.kind, kind);
    assert.equal(refusal.path, first);
    assert.equal(refusalMessage(refusal), `Invalid value found at ${first}: ${message}`);
  });
}

test('the current profile shows a reserved address in the form that it would be returned in, as Azure does', () => {
  const refusal = refusalOf({ ipRules: [{ value: '172.20.10.5' }] }, current);
  assert.match(
    refusalMessage(refusal),
    /ipRules\[0\]\.value: 172\.20\.10\.5\/32 belongs to forbidden range 172\.16\.0\.0–172\.31\.255\.255 \(private IP addresses\)\. /,
  );
});

test('the current profile refuses host bits also in a /31', () => {
  const refusal = refusalOf({ ipRules: [{ value: '203.0.113.7/31' }] }, current);
  assert.ok(refusal.kind === 'notARange');
  assert.equal(refusal.problem.kind, 'hostBitsSet');
});

const shapeRefusals: readonly (readonly [networkAcls: unknown, kind: RuleRefusal['kind'], message: string])[] = [
  [null, 'wrongType', `${acls}: this is null; it must be an object.`],
  [undefined, 'wrongType', `${acls}: this is missing; it must be an object.`],
  ['Deny', 'wrongType', `${acls}: this is a string; it must be an object.`],
  [[], 'wrongType', `${acls}: this is an array; it must be an object.`],
  [
    { DefaultAction: 'Deny' },
    'unknownMember',
    `${acls}: the member "DefaultAction" is not supported; remove it, the members are bypass, defaultAction, ipRules, virtualNetworkRules.`,
  ],
  [
    JSON.parse('{"__proto__": {"defaultAction": "Deny"}}'),
    'unknownMember',
    `${acls}: the member "__proto__" is not supported; remove it, the members are bypass, defaultAction, ipRules, virtualNetworkRules.`,
  ],
  [
    { constructor: {} },
    'unknownMember',
    `${acls}: the member "constructor" is not supported; remove it, the members are bypass, defaultAction, ipRules, virtualNetworkRules.`,
  ],
  [{ bypass: 'Logging' }, 'unknownChoice', `${acls}.bypass: "Logging" is not a choice; use AzureServices or None.`],
  [{ bypass: false }, 'wrongType', `${acls}.bypass: this is a boolean; it must be a string.`],
  [{ defaultAction: '' }, 'unknownChoice', `${acls}.defaultAction: "" is not a choice; use Allow or Deny.`],
  [{ ipRules: {} }, 'wrongType', `${acls}.ipRules: this is an object; it must be an array.`],
  [{ ipRules: [null] }, 'wrongType', `${acls}.ipRules[0]: this is null; it must be an object.`],
  [{ ipRules: ['203.0.113.7'] }, 'wrongType', `${acls}.ipRules[0]: this is a string; it must be an object.`],
  [{ ipRules: [{}] }, 'missingMember', `${acls}.ipRules[0]: the member "value" is missing; every rule needs one.`],
  [
    { ipRules: [{ value: '203.0.113.7', action: 'Allow' }] },
    'unknownMember',
    `${acls}.ipRules[0]: the member "action" is not supported; remove it, the members are value.`,
  ],
  [
    { virtualNetworkRules: [{ ignoreMissingVnetServiceEndpoint: true }] },
    'missingMember',
    `${acls}.virtualNetworkRules[0]: the member "id" is missing; every rule needs one.`,
  ],
  [
    { virtualNetworkRules: [{ id: subnetId, ignoreMissingVnetServiceEndpoint: 'true' }] },
    'wrongType',
    `${acls}.virtualNetworkRules[0].ignoreMissingVnetServiceEndpoint: this is a string; it must be true or false.`,
  ],
  [
    { virtualNetworkRules: [{ id: subnetId, incarnation: 'mine' }] },
    'unknownMember',
    `${acls}.virtualNetworkRules[0]: the member "incarnation" is not supported; remove it, the members are id, ignoreMissingVnetServiceEndpoint.`,
  ],
];

for (const [networkAcls, kind, message] of shapeRefusals) {
  test(`${JSON.stringify(networkAcls) ?? 'undefined'} is refused with ${kind}`, () => {
    const refusal = refusalOf(networkAcls);
    assert.equal(refusal.kind, kind);
    assert.equal(refusalMessage(refusal), `Invalid value found at ${message}`);
  });
}

const malformedSubnetIds: readonly string[] = [
  '',
  'subnet1',
  subnetId.slice(1),
  `${subnetId}/`,
  `${subnetId} `,
  `${subnetId}/more`,
  subnetId.replace('/subnets/Apps_1', ''),
  subnetId.replace('subnets', 'subnet'),
  subnetId.replace('Microsoft.Network', 'Microsoft.KeyVault'),
  subnetId.replace('Microsoft.Network', 'MicrosoftxNetwork'),
  subnetId.replace('0c9ab5e4-', ''),
  subnetId.replace('Net_(1).rg', 'rg.'),
  subnetId.replace('Net_(1).rg', ''),
  subnetId.replace('vNet-1', 'v'),
  subnetId.replace('vNet-1', '..'),
  subnetId.replace('Apps_1', '-apps'),
  subnetId.replace('Apps_1', 'a'.repeat(81)),
  `https://management.azure.com${subnetId}`,
];

for (const id of malformedSubnetIds) {
  test(`${JSON.stringify(id)} is refused because it is not the id of a subnet, with an example`, () => {
    const refusal = refusalOf({ virtualNetworkRules: [{ id: subnetId }, { id }] });
    assert.equal(refusal.kind, 'malformedSubnetId');
    assert.equal(
      refusalMessage(refusal),
      `Invalid value found at ${acls}.virtualNetworkRules[1].id: ${JSON.stringify(id)} is not the id of a subnet; it has the form ` +
        '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg1/providers/Microsoft.Network/virtualNetworks/vnet1/subnets/subnet1.',
    );
  });
}

for (const profile of [documented, current]) {
  const { name, ipRulesMax, virtualNetworkRulesMax } = profile;

  test(`${name}: ${ipRulesMax} IP rules and ${virtualNetworkRulesMax} virtual network rules are accepted`, () => {
    const given = { ipRules: addresses(ipRulesMax), virtualNetworkRules: subnets(virtualNetworkRulesMax) };
    assert.equal(validateNetworkAcls(given, profile).ok, true);
  });

  test(`${name}: the IP rule after the ${ipRulesMax}th is refused`, () => {
    const refusal = refusalOf({ ipRules: addresses(ipRulesMax + 1) }, profile);
    assert.deepEqual(refusal, {
      kind: 'tooManyIpRules',
      path: `${acls}.ipRules[${ipRulesMax}]`,
      limit: ipRulesMax,
      profile: name,
    });
    assert.equal(
      refusalMessage(refusal),
      `Invalid value found at ${acls}.ipRules[${ipRulesMax}]: a vault takes at most ${ipRulesMax} IPv4 rules (rule profile ${name}); join neighbouring addresses into ranges, or remove rules.`,
    );
  });

  test(`${name}: the virtual network rule after the ${virtualNetworkRulesMax}th is refused`, () => {
    const refusal = refusalOf({ virtualNetworkRules: subnets(virtualNetworkRulesMax + 1) }, profile);
    assert.equal(refusal.kind, 'tooManyVirtualNetworkRules');
    assert.equal(
      refusalMessage(refusal),
      `Invalid value found at ${acls}.virtualNetworkRules[${virtualNetworkRulesMax}]: a vault takes at most ${virtualNetworkRulesMax} virtual network rules (rule profile ${name}); remove rules of subnets that no longer need the vault.`,
    );
  });

  test(`${name}: duplicates are kept, and count once against the limit`, () => {
    const ipRules = [...addresses(ipRulesMax), { value: '1.0.0.0' }, { value: '1.0.0.1' }];
    const virtualNetworkRules = [...subnets(virtualNetworkRulesMax), { id: `${subnetId.toUpperCase()}0` }];
    const result = validateNetworkAcls({ ipRules, virtualNetworkRules }, profile);
    assert.ok(result.ok);
    assert.equal(result.networkAcls.ipRules.length, ipRulesMax + 2);
    assert.equal(result.networkAcls.virtualNetworkRules.length, virtualNetworkRulesMax + 1);
  });
}

test('an address and its /32 are duplicates of each other', () => {
  const one = withLimits(current, { ipRulesMax: 1 });
  assert.equal(validateNetworkAcls({ ipRules: [{ value: '1.0.0.1' }, { value: '1.0.0.1/32' }] }, one).ok, true);
  assert.equal(refusalOf({ ipRules: [{ value: '1.0.0.1' }, { value: '1.0.0.2/32' }] }, one).kind, 'tooManyIpRules');
});

test('the limits can be changed, and nothing else of the profile changes', () => {
  const profile = withLimits(documented, { ipRulesMax: 2 });
  assert.deepEqual(profile, { ...documented, ipRulesMax: 2 });
  assert.equal(validateNetworkAcls({ ipRules: addresses(2) }, profile).ok, true);
  assert.equal(refusalOf({ ipRules: addresses(3) }, profile).kind, 'tooManyIpRules');
  const none = withLimits(documented, { virtualNetworkRulesMax: 0 });
  assert.equal(refusalOf({ virtualNetworkRules: subnets(1) }, none).kind, 'tooManyVirtualNetworkRules');
});

for (const limit of [-1, 1.5, Number.NaN, ruleLimitMax + 1]) {
  test(`a limit of ${limit} is refused, and named`, () => {
    assert.throws(() => withLimits(documented, { ipRulesMax: limit }), {
      name: 'RangeError',
      message: `ipRulesMax is ${limit}; it must be a whole number from 0 to ${ruleLimitMax}`,
    });
  });
}

test('the refusal names the first problem in document order', () => {
  const bad = [{ value: '203.0.113.7' }, { value: 'first' }, { value: 'second' }];
  assert.equal(refusalOf({ ipRules: bad, bypass: 'x', y: 1 }).path, `${acls}.ipRules[1].value`);
  assert.equal(refusalOf({ bypass: 'x', ipRules: bad }).path, `${acls}.bypass`);
  assert.equal(refusalOf({ y: 1, ipRules: bad }).kind, 'unknownMember');
  assert.equal(
    refusalOf({ ipRules: [...addresses(127), { value: '1.1.1.1' }, { value: 'x' }] }).kind,
    'tooManyIpRules',
  );
});

test('a long value is cut off in the message', () => {
  const message = refusalMessage(refusalOf({ ipRules: [{ value: 'x'.repeat(100_000) }] }));
  assert.ok(message.length < 600, message);
});
