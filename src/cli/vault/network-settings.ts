import { readBounded } from '../bounded-file.ts';
import type { Options } from '../command.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';
import { subnetIdOf } from '../subnet-id.ts';

/** The properties of a vault, as the resource manager has them. */
export type Properties = ReadonlyMap<string, unknown>;

/** The options of every command that changes what the firewall does where no rule lets a request in. */
export const settingOptions = {
  'default-action': { help: 'what the firewall does where no rule lets a request in', takes: ['Allow', 'Deny'] },
  bypass: { help: 'whether trusted services pass', takes: ['AzureServices', 'None'] },
  'public-network-access': { help: 'whether anyone passes but trusted services', takes: ['Enabled', 'Disabled'] },
} as const;

/** The network settings after the changes. The server refuses what may not be. */
export async function changedSettings(before: Properties, changes: Options, connection: Connection) {
  const properties = changes['file'] === undefined ? before : settingsIn(changes['file']);
  const acls = membersOf(properties.get('networkAcls') ?? { bypass: 'AzureServices', defaultAction: 'Allow' });
  const ipRules = listOf(acls.get('ipRules'), ['value']);
  const virtualNetworkRules = listOf(acls.get('virtualNetworkRules'), ['id', 'ignoreMissingVnetServiceEndpoint']);
  const named = (asked: string | undefined) => Promise.all(valuesOf(asked).map((one) => subnetIdOf(one, connection)));
  const added = await named(changes['add-subnet']);
  const removed = await named(changes['remove-subnet']);
  return {
    publicNetworkAccess: changes['public-network-access'] ?? properties.get('publicNetworkAccess'),
    networkAcls: {
      bypass: acls.get('bypass'),
      defaultAction: acls.get('defaultAction'),
      ...(changes['default-action'] !== undefined && { defaultAction: changes['default-action'] }),
      ...(changes['bypass'] !== undefined && { bypass: changes['bypass'] }),
      ipRules: replaced(ipRules, {
        name: 'value',
        add: valuesOf(changes['add-ip']),
        remove: valuesOf(changes['remove-ip']),
      }),
      virtualNetworkRules: replaced(virtualNetworkRules, { name: 'id', add: added, remove: removed }),
    },
  };
}

/** @throws {CommandFailed} for a file that is not JSON, or has no network settings */
function settingsIn(path: string): Properties {
  let read: unknown;
  try {
    read = JSON.parse(readBounded(path, mostBytes).toString());
  } catch (error) {
    throw new CommandFailed(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const whole = membersOf(read);
  const properties = whole.has('properties') ? membersOf(whole.get('properties')) : whole;
  if (properties.has('networkAcls')) return properties;
  if (properties.has('ipRules') || properties.has('defaultAction')) return new Map([['networkAcls', read]]);
  throw new CommandFailed(`${path} has no networkAcls.`, 'Give the output of "az keyvault show", or its networkAcls.');
}

/** The members that rules have in the resource manager: the Azure CLI prints more, such as `resourceGroup`, and nulls. */
function listOf(value: unknown, names: readonly string[]): readonly ReadonlyMap<string, unknown>[] {
  if (!Array.isArray(value)) return [];
  return value.map((each) => {
    const members = membersOf(each);
    return new Map(names.flatMap((name) => (isGiven(members.get(name)) ? [[name, members.get(name)] as const] : [])));
  });
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

interface Replacement {
  readonly name: 'value' | 'id';
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

function valuesOf(asked: string | undefined): readonly string[] {
  return asked === undefined ? [] : asked.split(',');
}

/** @throws {CommandFailed} when a rule to take away is not there */
function replaced(
  rules: readonly ReadonlyMap<string, unknown>[],
  { name, add, remove }: Replacement,
): readonly Readonly<Record<string, unknown>>[] {
  const has = (rule: ReadonlyMap<string, unknown>, value: string) => isSame(String(rule.get(name)), value);
  const unknown = remove.find((value) => !rules.some((rule) => has(rule, value)));
  if (unknown !== undefined) {
    const there = rules.map((rule) => String(rule.get(name))).join(', ');
    throw new CommandFailed(`There is no rule for ${unknown}.`, there === '' ? undefined : `There are: ${there}.`);
  }
  const kept = rules.filter((rule) => !remove.some((value) => has(rule, value)));
  return [...kept.map((rule) => Object.fromEntries(rule)), ...add.map((value) => ({ [name]: value }))];
}

/** Each rule once: as with the Azure CLI, one that is there already is not a fault. */
export function eachOnce(
  rules: readonly Readonly<Record<string, unknown>>[],
  name: 'value' | 'id',
): readonly Readonly<Record<string, unknown>>[] {
  return rules.filter((rule, index) => {
    const first = rules.findIndex((other) => isSame(String(other[name]), String(rule[name])));
    return first === index;
  });
}

/** Of a file with network settings, which has at most some thousand rules. */
const mostBytes = 4 * 1024 * 1024;

/** Azure shows a single address with the prefix 32 or without one. */
function isSame(one: string, other: string): boolean {
  const [first, second] = [one, other].map((each) => each.toLowerCase().replace(/\/32$/, ''));
  return first === second;
}
