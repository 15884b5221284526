import type { Command } from '../command.ts';
import { membersOf } from '../json.ts';
import { askAbout, findVault, stringsOf } from '../vault-request.ts';
import { changedSettings, settingOptions } from '../vault/network-settings.ts';

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
    ...settingOptions,
    file: {
      help: 'JSON file with the networkAcls to have in place of the present ones, or with a whole vault',
      takes: 'file',
    },
  },
  required: ['vault'],
  flags: { json: 'as JSON: gains, losses and findings' },
  progress: 'Asking the server',
  async run({ data = 'postern-data', vault = '', ...changes }, { flags }) {
    const found = await findVault(data, vault);
    const properties = membersOf((await askAbout(found, {})).get('properties'));
    const json = { properties: await changedSettings(properties, changes, found.connection) };
    const answer = await askAbout(found, { path: '/providers/Postern.Insight/whatIf', json });
    const lines = stringsOf(answer.get('lines'));
    const exitStatus = lines.some((line) => line.startsWith('-')) ? 1 : 0;
    if (!flags.has('json')) return { output: lines.join('\n'), exitStatus };
    const { gains, losses, findings } = Object.fromEntries(answer);
    return { output: JSON.stringify({ gains, losses, findings }, undefined, 2), exitStatus };
  },
};
