import { formatRange } from '../address/address.ts';
import type { Range } from '../address/address.ts';
import { readStored } from '../firewall/stored.ts';
import type { StoredSettings } from '../firewall/stored.ts';
import type { FirewallSettings, NetworkAcls } from '../types/firewall.ts';
import type { VaultSwitch } from '../types/vault.ts';
import { count, union } from './spans.ts';

/** Something about a vault's network settings that is worth a second look, although the server accepts it. */
export interface Finding {
  /** Stable, for programs. */
  readonly id: FindingId;
  readonly severity: 'error' | 'warning';
  /** Where in the vault, `networkAcls.ipRules[3]`. */
  readonly path: string;
  readonly message: string;
}

export type FindingId = keyof typeof severities;

/** An error leaves open what a vault's rules are there to shut, or shuts out what the vault says that it serves. */
const severities = {
  unreadableRules: 'error',
  openToAllNetworks: 'error',
  switchWithoutBypass: 'error',
  rulesWithoutEffect: 'warning',
  letsInNobody: 'warning',
  repeatedRule: 'warning',
  containedRule: 'warning',
  wideRules: 'warning',
  missingEndpointIgnored: 'warning',
  securedByPerimeter: 'warning',
} as const;

/** The switches of a vault, each of which lets a service of Azure use it. */
export const vaultSwitches: readonly VaultSwitch[] = [
  'enabledForDeployment',
  'enabledForDiskEncryption',
  'enabledForTemplateDeployment',
];

/** More addresses than a company's offices and gateways have: then a range was probably written too wide. */
const wideAddresses = 2 ** 16;

interface Subject {
  readonly settings: FirewallSettings;
  readonly stored: StoredSettings;
  /** Of the vault: each lets a service of Azure read secrets. */
  readonly switches: readonly VaultSwitch[];
}

type Found = Omit<Finding, 'severity'>;

/** The checks, in the order in which their findings are listed. */
const checks: readonly ((subject: Subject) => readonly Found[])[] = [
  openToAllNetworks,
  securedByPerimeter,
  switchWithoutBypass,
  letsInNobody,
  rulesWithoutEffect,
  wideRules,
  nestedRanges,
  repeatedSubnets,
  missingEndpointIgnored,
];

/** All findings about the settings. `switches` are the vault's that are on. */
export function findingsOf(settings: FirewallSettings, switches: readonly VaultSwitch[] = []): readonly Finding[] {
  const stored = readStored(settings);
  const found = stored === undefined ? unreadable : checks.flatMap((check) => check({ settings, stored, switches }));
  return found.map((one) => ({ ...one, severity: severities[one.id] }));
}

/** The findings that a change of the settings brings: those after it that were not there before, wherever the rule was. */
export function findingsBrought(before: readonly Finding[], after: readonly Finding[]): readonly Finding[] {
  const there = new Set(before.map(({ id, message }) => `${id} ${message}`));
  return after.filter(({ id, message }) => !there.has(`${id} ${message}`));
}

const unreadable: readonly Found[] = [
  {
    id: 'unreadableRules',
    path: 'networkAcls',
    message: 'The rules cannot be read, so the vault lets nobody in until they are set again.',
  },
];

function openToAllNetworks({ stored, settings }: Subject): readonly Found[] {
  if (!stored.publicNetworkAccess || stored.defaultAction === 'Deny') return [];
  const path = settings.networkAcls === undefined ? 'networkAcls' : 'networkAcls.defaultAction';
  return [
    {
      id: 'openToAllNetworks',
      path,
      message:
        'Every network may reach the vault. Add rules for the networks that need it, then set defaultAction to Deny.',
    },
  ];
}

function securedByPerimeter({ settings: { publicNetworkAccess } }: Subject): readonly Found[] {
  if (publicNetworkAccess.toLowerCase() !== 'securedbyperimeter') return [];
  const message =
    'On Azure a network security perimeter decides about this vault, which cannot be judged here; this server treats it as Disabled.';
  return [{ id: 'securedByPerimeter', path: 'publicNetworkAccess', message }];
}

function switchWithoutBypass({ stored, switches }: Subject): readonly Found[] {
  if (stored.bypass === 'AzureServices' || (stored.publicNetworkAccess && stored.defaultAction === 'Allow')) return [];
  return switches.map((name) => ({
    id: 'switchWithoutBypass',
    path: name,
    message: `${name} lets a service of Azure use the vault, and bypass None shuts that service out: set bypass to AzureServices, or ${name} to false.`,
  }));
}

function letsInNobody({ stored }: Subject): readonly Found[] {
  const { publicNetworkAccess, defaultAction, bypass, ranges, incarnations } = stored;
  if (bypass === 'AzureServices' || (publicNetworkAccess && defaultAction === 'Allow')) return [];
  if (publicNetworkAccess && ranges.length + incarnations.length > 0) return [];
  const message =
    'The vault lets nobody in: no network, and no trusted service. Only a private endpoint would reach it.';
  return [{ id: 'letsInNobody', path: 'networkAcls', message }];
}

function rulesWithoutEffect({ stored, settings }: Subject): readonly Found[] {
  const { publicNetworkAccess, defaultAction, ranges, incarnations } = stored;
  const rules = ranges.length + incarnations.length;
  if (rules === 0 || (publicNetworkAccess && defaultAction === 'Deny')) return [];
  const why = publicNetworkAccess ? 'defaultAction is Allow' : `publicNetworkAccess is ${settings.publicNetworkAccess}`;
  const message = `The rules (${rules}) have no effect, because ${why}.`;
  return [{ id: 'rulesWithoutEffect', path: 'networkAcls', message }];
}

function wideRules({ stored: { ranges } }: Subject): readonly Found[] {
  const addresses = count(union(ranges));
  if (addresses <= wideAddresses) return [];
  const message =
    `The IP rules let in ${addresses.toLocaleString('en')} addresses, more than a /16. ` +
    'Name the ranges that the callers really have.';
  return [{ id: 'wideRules', path: 'networkAcls.ipRules', message }];
}

function nestedRanges({ stored: { ranges } }: Subject): readonly Found[] {
  return heldRules(ranges).map(({ inner, outer }) => nested(inner, outer));
}

/** An IP rule, by its place in the vault. */
interface Ruled {
  readonly range: Range;
  readonly index: number;
}

/**
 * The rules whose range another rule holds already, in their order. In one pass: of sorted ranges a later one is never
 * around an earlier.
 */
export function heldRules(ranges: readonly Range[]): readonly { readonly inner: Ruled; readonly outer: Ruled }[] {
  const sorted = ranges
    .map((range, index) => ({ range, index }))
    .toSorted((a, b) => a.range.first - b.range.first || b.range.last - a.range.last || a.index - b.index);
  const found: { readonly inner: Ruled; readonly outer: Ruled }[] = [];
  let around: Ruled | undefined;
  for (const one of sorted) {
    if (around === undefined || one.range.last > around.range.last) around = one;
    else found.push({ inner: one, outer: around });
  }
  return found.toSorted((a, b) => a.inner.index - b.inner.index);
}

function nested(inner: Ruled, outer: Ruled): Found {
  const path = `networkAcls.ipRules[${inner.index}]`;
  const [shown, holder] = [inner.range, outer.range].map(formatRange);
  if (shown === holder) return { id: 'repeatedRule', path, message: `${shown} is ipRules[${outer.index}] already.` };
  const message = `${shown} is inside of ipRules[${outer.index}] (${holder}), so this rule lets in nobody else.`;
  return { id: 'containedRule', path, message };
}

function repeatedSubnets({ settings }: Subject): readonly Found[] {
  const first = new Map<string, number>();
  return rulesOf(settings).flatMap(({ id }, index) => {
    const before = first.get(id.toLowerCase());
    if (before === undefined) first.set(id.toLowerCase(), index);
    if (before === undefined) return [];
    const message = `The subnet is named by virtualNetworkRules[${before}] already.`;
    return [{ id: 'repeatedRule', path: `networkAcls.virtualNetworkRules[${index}]`, message }];
  });
}

function missingEndpointIgnored({ settings }: Subject): readonly Found[] {
  return rulesOf(settings).flatMap(({ ignoreMissingVnetServiceEndpoint }, index) => {
    if (ignoreMissingVnetServiceEndpoint !== true) return [];
    const message =
      'ignoreMissingVnetServiceEndpoint is true: without its service endpoint the subnet is not let in, and nothing says so.';
    return [{ id: 'missingEndpointIgnored', path: `networkAcls.virtualNetworkRules[${index}]`, message }];
  });
}

function rulesOf({ networkAcls }: FirewallSettings): NetworkAcls['virtualNetworkRules'] {
  return networkAcls?.virtualNetworkRules ?? [];
}
