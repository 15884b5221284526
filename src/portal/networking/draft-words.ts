import type { Boundary } from '../vaults/vault.ts';
import { boundaryIn, ipRuleKey, subnetRuleKey } from './draft.ts';
import type { Draft } from './draft.ts';

/** Azure's labels. */
export const boundaryLabels: Readonly<Record<Boundary, string>> = {
  open: 'Allow public access from all networks',
  rules: 'Allow public access from specific virtual networks and IP addresses',
  closed: 'Disable public access',
};

export const exceptionLabel = 'Allow trusted Microsoft services to bypass this firewall';

export interface Step {
  readonly sign: '+' | '−' | '→';
  readonly text: string;
}

/** The changes of the settings, a line each. */
export function stepsBetween(from: Draft, to: Draft): readonly Step[] {
  const [before, after] = [from.networkAcls, to.networkAcls];
  const boundary = boundaryIn(to);
  return [
    ...(boundaryIn(from) === boundary ? [] : [{ sign: '→', text: boundaryLabels[boundary] } as const]),
    ...listSteps(before.virtualNetworkRules, after.virtualNetworkRules, {
      keyOf: subnetRuleKey,
      textOf: ({ id }) => subnetInWords(id),
    }),
    ...listSteps(before.ipRules, after.ipRules, {
      keyOf: ({ value }) => ipRuleKey(value),
      textOf: ({ value }) => value,
    }),
    ...(before.bypass === after.bypass
      ? []
      : [{ sign: after.bypass === 'AzureServices' ? '+' : '−', text: 'trusted Microsoft services' } as const]),
  ];
}

interface RuleWords<T> {
  readonly keyOf: (rule: T) => string;
  readonly textOf: (rule: T) => string;
}

function listSteps<T>(before: readonly T[], after: readonly T[], { keyOf, textOf }: RuleWords<T>): readonly Step[] {
  const [had, has] = [before, after].map((rules) => new Set(rules.map(keyOf)));
  return [
    ...before
      .filter((rule) => has?.has(keyOf(rule)) === false)
      .map((rule) => ({ sign: '−', text: textOf(rule) }) as const),
    ...after
      .filter((rule) => had?.has(keyOf(rule)) === false)
      .map((rule) => ({ sign: '+', text: textOf(rule) }) as const),
  ];
}

/** `network / subnet`, as people say it; an id of another form as it is. */
export function subnetInWords(id: string): string {
  const { network, subnet } = subnetNames(id);
  return network === '' ? id : `${network} / ${subnet}`;
}

/** The names in the ARM id of a subnet; empty for an id of another form. */
export function subnetNames(id: string): { readonly group: string; readonly network: string; readonly subnet: string } {
  const [, group = '', network = '', subnet = ''] =
    /\/resourcegroups\/([^/]+)\/.*\/virtualnetworks\/([^/]+)\/subnets\/([^/]+)$/i.exec(id) ?? [];
  return { group, network, subnet };
}
