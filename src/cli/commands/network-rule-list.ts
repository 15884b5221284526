import type { Command } from '../command.ts';
import { readNetworkSettings, rulesAnswer } from '../vault/network-rules.ts';
import { rulesShape } from '../vault/rule-options.ts';

export const networkRuleList: Command = {
  name: 'network-rule list',
  synopsis: "Prints a vault's network settings, and the rules of its firewall, a line each.",
  options: { vault: 'name of the vault' },
  required: ['vault'],
  flags: { json: rulesShape },
  progress: 'Reading the rules',
  async run({ data = 'postern-data', vault = '' }) {
    return rulesAnswer(await readNetworkSettings(data, vault));
  },
};
