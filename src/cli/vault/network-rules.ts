import { shown } from '../../lines/terminal.ts';
import { answerFailed } from '../client.ts';
import type { Answer, Options } from '../command.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';
import { findVault, sendTo } from '../vault-request.ts';
import { changedSettings, eachOnce } from './network-settings.ts';
import type { Properties } from './network-settings.ts';

/** How often a change is made again because another one came between. */
const attempts = 5;

/** The network settings of a vault, with every rule. */
export async function readNetworkSettings(data: string, vault: string): Promise<Properties> {
  const read = await sendTo(await findVault(data, vault), { method: 'GET' });
  if (read.status !== 200) throw answerFailed(read);
  return membersOf(membersOf(read.body).get('properties'));
}

/**
 * Changes the network settings of a vault on the state that was read, and on none that came between.
 * @param changes as the options of `what-if`
 * @returns the properties afterwards
 * @throws {CommandFailed} with the reason of the server when it refuses
 */
export async function changeNetworkSettings(data: string, vault: string, changes: Options): Promise<Properties> {
  const found = await findVault(data, vault);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const read = await sendTo(found, { method: 'GET' });
    if (read.status !== 200 || read.etag === undefined) throw answerFailed(read);
    const before = membersOf(membersOf(read.body).get('properties'));
    const { networkAcls: acls, publicNetworkAccess } = await changedSettings(before, changes, found.connection);
    const networkAcls = {
      ...acls,
      ipRules: eachOnce(acls.ipRules, 'value'),
      virtualNetworkRules: eachOnce(acls.virtualNetworkRules, 'id'),
    };
    const properties =
      changes['public-network-access'] === undefined ? { networkAcls } : { networkAcls, publicNetworkAccess };
    const written = await sendTo(found, { method: 'PATCH', json: { properties }, headers: { 'if-match': read.etag } });
    if (written.status === 200) return membersOf(membersOf(written.body).get('properties'));
    if (written.status !== 412) throw answerFailed(written);
  }
  throw new CommandFailed(
    `Other changes of the vault '${vault}' came between, ${attempts} times.`,
    'Run it again.',
    'PreconditionFailed',
  );
}

/** The settings and rules for people and programs, a line each. */
export function rulesAnswer(properties: Properties): Answer {
  const acls = membersOf(properties.get('networkAcls'));
  const [defaultAction, bypass] = [acls.get('defaultAction') ?? 'Allow', acls.get('bypass') ?? 'AzureServices'];
  const publicNetworkAccess = properties.get('publicNetworkAccess') ?? 'Enabled';
  const [ipRules, virtualNetworkRules] = [
    valuesIn(acls, 'ipRules', 'value'),
    valuesIn(acls, 'virtualNetworkRules', 'id'),
  ];
  const rows = [...ipRules.map((value) => ['ip', value]), ...virtualNetworkRules.map((id) => ['subnet', id])];
  const settings: Readonly<Record<string, unknown>> = {
    'default action': defaultAction,
    bypass,
    'public network access': publicNetworkAccess,
  };
  return {
    json: { defaultAction, bypass, publicNetworkAccess, ipRules, virtualNetworkRules },
    text: [
      ...Object.entries(settings).map(([name, value]) => `${name}: ${shown(value)}`),
      ...rows.map((row) => row.map(shown).join(' ')),
      ...(rows.length > 0 && defaultAction === 'Allow'
        ? ['The rules have no effect: the default action lets every address in.']
        : []),
    ].join('\n'),
  };
}

function valuesIn(acls: Properties, list: string, name: string): readonly string[] {
  const rules = acls.get(list);
  return Array.isArray(rules) ? rules.map((rule) => String(membersOf(rule).get(name))) : [];
}
