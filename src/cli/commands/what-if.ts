import { readFileSync } from 'node:fs';
import type { Command, Options } from '../command.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';
import { askAbout, findVault, stringsOf } from '../vault-request.ts';
import { subnetIdOf } from '../subnet-id.ts';
import type { Connection } from '../connection.ts';

export const whatIf: Command = {
  name: 'what-if',
  synopsis:
    "Shows who would gain or lose access if a vault's network rules were changed so, and changes nothing. Exits 1 if somebody would lose it.",
  options: {
    vault: 'name of the vault',
    'add-ip': 'IPv4 addresses or ranges for new IP rules, with commas between them',
    'remove-ip': 'IP rules to take away, likewise',
    'add-subnet': 'subnets for new virtual network rules, as VNET/SUBNET or ARM ids, likewise',
    'remove-subnet': 'virtual network rules to take away, likewise',
    'default-action': { help: 'what the firewall does where no rule lets a request in', takes: ['Allow', 'Deny'] },
    bypass: { help: 'whether trusted services pass', takes: ['AzureServices', 'None'] },
    'public-network-access': { help: 'whether anyone passes but trusted services', takes: ['Enabled', 'Disabled'] },
    file: {
      help: 'JSON file with the networkAcls to have in place of the present ones, or with a whole vault',
      takes: 'file',
    },
  },
  required: ['vault'],
  flags: { json: 'as JSON: gains, losses and findings' },
  async run({ data = 'postern-data', vault = '', ...changes }, { flags }) {
    const found = await findVault(data, vault);
    const properties = membersOf((await askAbout(found, {})).get('properties'));
    const json = { properties: await changed(properties, changes, found.connection) };
    const answer = await askAbout(found, { path: '/providers/Postern.Insight/whatIf', json });
    const lines = stringsOf(answer.get('lines'));
    const exitStatus = lines.some((line) => line.startsWith('-')) ? 1 : 0;
    if (!flags.has('json')) return { output: lines.join('\n'), exitStatus };
    const { gains, losses, findings } = Object.fromEntries(answer);
    return { output: JSON.stringify({ gains, losses, findings }, undefined, 2), exitStatus };
  },
};

type Properties = ReadonlyMap<string, unknown>;

/** The network settings after the changes. The server refuses what may not be. */
async function changed(before: Properties, changes: Options, connection: Connection): Promise<unknown> {
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
    read = JSON.parse(readFileSync(path, 'utf8'));
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
function replaced(rules: readonly ReadonlyMap<string, unknown>[], { name, add, remove }: Replacement): unknown {
  const has = (rule: ReadonlyMap<string, unknown>, value: string) => isSame(String(rule.get(name)), value);
  const unknown = remove.find((value) => !rules.some((rule) => has(rule, value)));
  if (unknown !== undefined) {
    const there = rules.map((rule) => String(rule.get(name))).join(', ');
    throw new CommandFailed(`There is no rule for ${unknown}.`, there === '' ? undefined : `There are: ${there}.`);
  }
  const kept = rules.filter((rule) => !remove.some((value) => has(rule, value)));
  return [...kept.map((rule) => Object.fromEntries(rule)), ...add.map((value) => ({ [name]: value }))];
}

/** Azure shows a single address with the prefix 32 or without one. */
function isSame(one: string, other: string): boolean {
  const [first, second] = [one, other].map((each) => each.toLowerCase().replace(/\/32$/, ''));
  return first === second;
}
