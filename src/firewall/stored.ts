import { parseRange } from '../address/address.ts';
import type { Range } from '../address/address.ts';
import type { FirewallSettings, NetworkAcls } from '../types/firewall.ts';

/** What compiling needs of the stored settings. */
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
 * Reads a vault's settings out of storage, trusting none of it: `undefined` for anything that this program does not
 * write. The rule profile plays no part, so that a server that changes it goes on applying the rules that it has.
 */
export function readStored(settings: Readonly<Record<keyof FirewallSettings, unknown>>): StoredSettings | undefined {
  if (typeof settings.publicNetworkAccess !== 'string') return undefined;
  const publicNetworkAccess = settings.publicNetworkAccess.toLowerCase() === 'enabled';
  // Azure's clients take a vault that never had any for `bypass: AzureServices, defaultAction: Allow`.
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

/** Every element read, or `undefined` when one cannot be. */
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
