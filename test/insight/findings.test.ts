import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { findingsOf } from '../../src/insight/findings.ts';
import type { FindingId } from '../../src/insight/findings.ts';
import { accessOf } from '../../src/insight/access-set.ts';
import { changeOf, isNobody } from '../../src/insight/diff.ts';
import type { FirewallSettings, NetworkAcls } from '../../src/types/firewall.ts';
import type { VaultSwitch } from '../../src/types/vault.ts';
import { settings as anySettings } from './arbitraries.ts';

type Changes = Partial<Omit<NetworkAcls, 'ipRules' | 'virtualNetworkRules'>> & {
  readonly ips?: readonly string[];
  readonly subnets?: readonly NetworkAcls['virtualNetworkRules'][number][];
  readonly publicNetworkAccess?: string;
};

function settingsWith({ ips = [], subnets = [], publicNetworkAccess = 'Enabled', ...acls }: Changes): FirewallSettings {
  return {
    publicNetworkAccess,
    networkAcls: {
      bypass: 'AzureServices',
      defaultAction: 'Deny',
      ...acls,
      ipRules: ips.map((value) => ({ value })),
      virtualNetworkRules: subnets,
    },
  };
}

interface Case {
  readonly title: string;
  readonly settings: FirewallSettings;
  readonly switches?: readonly VaultSwitch[];
  /** `id path`, in order. */
  readonly found: readonly `${FindingId} ${string}`[];
}

const subnet = (id: string, more = {}) => ({ id, incarnation: id, ...more });
const ips = ['203.0.113.7'];

const cases: readonly Case[] = [
  { title: 'one address, Deny', settings: settingsWith({ ips }), found: [] },
  {
    title: 'a vault without networkAcls',
    settings: { publicNetworkAccess: 'Enabled', networkAcls: undefined },
    found: ['openToAllNetworks networkAcls'],
  },
  {
    title: 'Allow with rules',
    settings: settingsWith({ defaultAction: 'Allow', ips }),
    found: ['openToAllNetworks networkAcls.defaultAction', 'rulesWithoutEffect networkAcls'],
  },
  {
    title: 'Allow, and public access disabled',
    settings: settingsWith({ defaultAction: 'Allow', publicNetworkAccess: 'disabled' }),
    found: [],
  },
  {
    title: 'a perimeter',
    settings: settingsWith({ publicNetworkAccess: 'SecuredByPerimeter' }),
    found: ['securedByPerimeter publicNetworkAccess'],
  },
  {
    title: 'bypass None with a switch',
    settings: settingsWith({ bypass: 'None', ips }),
    switches: ['enabledForDeployment'],
    found: ['switchWithoutBypass enabledForDeployment'],
  },
  {
    title: 'the same with bypass AzureServices',
    settings: settingsWith({ ips }),
    switches: ['enabledForDeployment'],
    found: [],
  },
  { title: 'no rule, no bypass', settings: settingsWith({ bypass: 'None' }), found: ['letsInNobody networkAcls'] },
  {
    title: 'a repeated, a contained and an adjacent range',
    settings: settingsWith({ ips: ['203.0.113.7', '203.0.113.0/24', '203.0.114.0/24', '203.0.113.0/24'] }),
    found: ['containedRule networkAcls.ipRules[0]', 'repeatedRule networkAcls.ipRules[3]'],
  },
  {
    title: 'a /16, which is not wide, and one address more, which is',
    settings: settingsWith({ ips: ['20.50.0.0/16'] }),
    found: [],
  },
  {
    title: 'two halves of a /15',
    settings: settingsWith({ ips: ['20.50.0.0/16', '20.51.0.0/16'] }),
    found: ['wideRules networkAcls.ipRules'],
  },
  {
    title: 'a subnet in two spellings, and one without its endpoint',
    settings: settingsWith({ subnets: [subnet('/A'), subnet('/a', { ignoreMissingVnetServiceEndpoint: true })] }),
    found: [
      'repeatedRule networkAcls.virtualNetworkRules[1]',
      'missingEndpointIgnored networkAcls.virtualNetworkRules[1]',
    ],
  },
  {
    title: 'a stored rule that is not a range',
    settings: settingsWith({ ips: ['not an address'] }),
    found: ['unreadableRules networkAcls'],
  },
];

suite('findings about network settings', () => {
  for (const { title, settings, switches, found } of cases) {
    test(title, () => {
      assert.deepEqual(
        findingsOf(settings, switches).map(({ id, path }) => `${id} ${path}`),
        found,
      );
    });
  }

  test('a rule that is repeated or contained may go, and access stays as it is', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const needless = new Set(
          findingsOf(settings).flatMap(({ id, path }) =>
            id === 'repeatedRule' || id === 'containedRule' ? [path] : [],
          ),
        );
        const { networkAcls } = settings;
        if (networkAcls === undefined) return;
        const kept = <T>(rules: readonly T[], name: string) =>
          rules.filter((_, index) => !needless.has(`networkAcls.${name}[${index}]`));
        const without = {
          ...settings,
          networkAcls: {
            ...networkAcls,
            ipRules: kept(networkAcls.ipRules, 'ipRules'),
            virtualNetworkRules: kept(networkAcls.virtualNetworkRules, 'virtualNetworkRules'),
          },
        };
        const { gains, losses } = changeOf(accessOf(settings), accessOf(without));
        assert.ok(isNobody(gains) && isNobody(losses));
        assert.deepEqual(
          findingsOf(without).filter(({ id }) => id === 'repeatedRule' || id === 'containedRule'),
          [],
        );
      }),
    );
  });
});
