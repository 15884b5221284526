import { parseRange } from '../address/address.ts';
import type { Range } from '../address/address.ts';
import type { FirewallSettings, NetworkAcls } from '../types/firewall.ts';

/** The stored settings that compiling needs. */
export interface StoredSettings {
  readonly publicNetworkAccess: boolean;
  readonly bypass: NetworkAcls['bypass'];
  readonly defaultAction: NetworkAcls['defaultAction'];
  /** Of the IP rules, in their order. */
  readonly ranges: readonly Range[];
  /** Of the virtual network rules, in their order. */
  readonly incarnations: readonly string[];
}

/**
 * Reads a vault's settings from storage, trusting nothing: `undefined` for anything that this program does not write.
 * The rule profile is not applied, so that a server whose profile was changed still enforces the rules that it has.
 */
export function readStored(settings: Readonly<Record<keyof FirewallSettings, unknown>>): StoredSettings | undefined {
  if (typeof settings.publicNetworkAccess !== 'string') return undefined;
  const publicNetworkAccess = settings.publicNetworkAccess.toLowerCase() === 'enabled';
  // Azure's clients treat a vault without `networkAcls` as `bypass: AzureServices, defaultAction: Allow`.
  if (settings.networkAcls === undefined) {
    return { publicNetworkAccess, bypass: 'AzureServices', defaultAction: 'Allow', ranges: [], incarnations: [] };
  }
  if (!isObject(settings.networkAcls)) return undefined;
  const { bypass, defaultAction, ipRules, virtualNetworkRules } = settings.networkAcls;
  if (bypass !== 'AzureServices' && bypass !== 'None') return undefined;
  if (defaultAction !== 'Allow' && defaultAction !== 'Deny') return undefined;
  const ranges = readEach(ipRules, ({ value }) => rangeOf(value));
  const incarnations = readEach(virtualNetworkRules, ({ incarnation }) => nameOf(incarnation));
  if (ranges === undefined || incarnations === undefined) return undefined;
  return { publicNetworkAccess, bypass, defaultAction, ranges, incarnations };
}

function nameOf(incarnation: unknown): string | undefined {
  return typeof incarnation === 'string' && incarnation !== '' ? incarnation : undefined;
}

function rangeOf(value: unknown): Range | undefined {
  if (typeof value !== 'string') return undefined;
  const parsed = parseRange(value);
  return parsed.ok ? parsed.range : undefined;
}

/** The elements as `read` returns them, or `undefined` when it cannot read one. */
function readEach<T>(
  value: unknown,
  read: (element: Record<string, unknown>) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const result: T[] = [];
  for (const element of value) {
    const item = isObject(element) ? read(element) : undefined;
    if (item === undefined) return undefined;
    result.push(item);
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
