import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextPage } from '../../src/portal/next-page.ts';
import { ownUrl } from '../../src/portal/own-path.ts';
import { ownVault } from '../../src/portal/own-vault.ts';
import { readNetworkInfo } from '../../src/portal/network-info.ts';
import { isRefusedChange } from '../../src/portal/ui/refused-change.ts';
import { windowOf } from '../../src/portal/ui/drawn-rows.ts';
import { boundaryInWords, boundaryOf, settingsOf } from '../../src/portal/vaults/vault.ts';
import type { Vault, VaultNetworkAcls } from '../../src/portal/vaults/vault.ts';

function vaultWith(properties: Partial<Vault['properties']>): Pick<Vault, 'properties'> {
  return { properties: { tenantId: '', vaultUri: 'https://demo.vault.localhost:8443/', ...properties } };
}

const rules: VaultNetworkAcls = {
  bypass: 'AzureServices',
  defaultAction: 'Deny',
  ipRules: [{ value: '203.0.113.7' }, { value: '198.51.100.0/24' }],
  virtualNetworkRules: [{ id: '/Subscriptions/1/subnets/A' }],
};

describe('a refusal of the resource manager', () => {
  const refused = (action: string, code = 'AuthorizationFailed') =>
    isRefusedChange({
      code,
      message: `The client does not have authorization to perform action '${action}' over scope`,
    });

  it('is of a change, or of a look', () => {
    assert.ok(refused('Microsoft.KeyVault/vaults/write'));
    assert.ok(refused('Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action'));
    assert.ok(!refused('Microsoft.KeyVault/vaults/read'));
    assert.ok(!refused('Microsoft.KeyVault/vaults/write', 'Conflict'));
  });
});

describe("a vault's boundary in words", () => {
  const cases: readonly [string, Partial<Vault['properties']>, string, string][] = [
    ['no rules at all', {}, 'open', 'open to all networks'],
    ['Allow', { networkAcls: { ...rules, defaultAction: 'Allow' } }, 'open', 'open to all networks'],
    ['Deny', { networkAcls: rules }, 'rules', '1 subnet · 2 IP rules · trusted services'],
    [
      'Deny without a rule',
      { networkAcls: { ...rules, bypass: 'None', ipRules: [], virtualNetworkRules: [] } },
      'rules',
      'nobody: no rule, no trusted service',
    ],
    [
      'Disabled',
      { networkAcls: rules, publicNetworkAccess: 'disabled' },
      'closed',
      'no public access · trusted services',
    ],
    [
      'Disabled without bypass',
      { networkAcls: { ...rules, bypass: 'None' }, publicNetworkAccess: 'Disabled' },
      'closed',
      'no public access',
    ],
  ];
  for (const [title, properties, boundary, words] of cases) {
    it(title, () => {
      assert.equal(boundaryOf(vaultWith(properties)), boundary);
      assert.equal(boundaryInWords(vaultWith(properties)), words);
    });
  }

  it('the settings bind a rule to the lower-case id of its subnet', () => {
    const { networkAcls } = settingsOf(vaultWith({ networkAcls: rules }));
    assert.deepEqual(networkAcls?.virtualNetworkRules, [
      { id: '/Subscriptions/1/subnets/A', incarnation: '/subscriptions/1/subnets/a' },
    ]);
  });
});

describe('where the vault sees the browser', () => {
  const cases: readonly [string, ReturnType<typeof readNetworkInfo>][] = [
    ['conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;', { text: '203.0.113.7', by: 'ipv4' }],
    ['addr=10.0.0.4;act_addr_fam=InterNetworkV6;', { text: '10.0.0.4', by: 'serviceEndpoint' }],
    ['conn_type=Ipv6;addr=2001:db8::1;act_addr_fam=InterNetworkV6;', { text: '2001:db8::1', by: 'ipv6' }],
    ['addr=unknown;', undefined],
    ['', undefined],
  ];
  for (const [header, expected] of cases) {
    it(header === '' ? 'an empty header' : header, () => {
      assert.deepEqual(readNetworkInfo(header), expected);
    });
  }
});

describe("a vault's token", () => {
  const settings = { vaultSuffix: '.vault.localhost:8443' };

  it('goes to a vault of this server', () => {
    assert.equal(ownVault('https://demo.vault.localhost:8443/', settings), 'https://demo.vault.localhost:8443/');
  });

  for (const elsewhere of [
    'https://demo.vault.localhost:8444/',
    'https://demo.vault.localhost.example:8443/',
    'http://demo.vault.localhost:8443/',
    'https://vault.localhost:8443/',
  ]) {
    it(`does not go to ${elsewhere}`, () => {
      assert.throws(() => ownVault(elsewhere, settings), /is not of this server/);
    });
  }
});

describe('the window of drawn rows', () => {
  it('stands for every row of the list', () => {
    const { first, end, beforePx, afterPx } = windowOf(10_000, 40, { first: 500, rows: 20 });
    assert.deepEqual({ first, end, beforePx, afterPx }, { first: 488, end: 532, beforePx: 19_520, afterPx: 378_720 });
  });

  it('shows a list that a filter made shorter than what was scrolled past', () => {
    assert.deepEqual(windowOf(3, 40, { first: 500, rows: 20 }), { first: 0, end: 3, beforePx: 0, afterPx: 0 });
  });
});

describe("this server's token", () => {
  const origin = 'https://localhost:8443';

  it('goes to the path that was meant', () => {
    for (const path of [
      '/subscriptions/1?api-version=1&$filter=a/../b',
      '/v1.0/users/a%2Fb..c/getMemberGroups',
      '/.../..a',
    ]) {
      assert.equal(ownUrl(path, origin).href, origin + path);
    }
  });

  for (const path of [
    '@elsewhere.example/subscriptions/1',
    '.elsewhere.example/subscriptions/1',
    'https://elsewhere.example/',
    '',
    '/v1.0/users/x/../../applications/1/addPassword?/getMemberGroups',
    '/subscriptions/1/%2e%2E/2',
    '/subscriptions/.',
  ]) {
    it(`does not go to ${path === '' ? 'nothing' : path}`, () => {
      assert.throws(() => ownUrl(path, origin), /is not a path of this server/);
    });
  }
});

describe('a list of several pages', () => {
  const start = new URL('https://localhost:8443/list?page=1');
  const asked = new Set([start.href, 'https://localhost:8443/list?page=2']);

  it('goes on at the page that the server names, and ends without one', () => {
    assert.equal(nextPage('https://localhost:8443/list?page=3', start, asked)?.search, '?page=3');
    assert.equal(nextPage(undefined, start, asked), undefined);
    assert.equal(nextPage(null, start, asked), undefined);
  });

  it('goes to no other server, and not in a circle', () => {
    assert.throws(() => nextPage('https://localhost:8444/list?page=3', start, asked), /at another server/);
    for (const known of asked)
      assert.throws(() => nextPage(known, start, asked), /leads back to a page of itself: \/list/);
  });
});
