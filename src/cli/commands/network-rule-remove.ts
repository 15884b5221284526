import type { Command } from '../command.ts';
import { changeNetworkSettings, rulesAnswer } from '../vault/network-rules.ts';
import { ruleOptions, rulesIn, rulesShape } from '../vault/rule-options.ts';

export const networkRuleRemove: Command = {
  name: 'network-rule remove',
  synopsis:
    'Takes rules away from a vault\'s firewall, and prints the rules afterwards. "postern what-if" says whom that would lock out.',
  options: ruleOptions,
  required: ['vault'],
  flags: { json: rulesShape },
  progress: 'Removing the rules',
  async run({ data = 'postern-data', vault = '', ...named }) {
    const { ip, subnet } = rulesIn(named);
    return rulesAnswer(await changeNetworkSettings(data, vault, { 'remove-ip': ip, 'remove-subnet': subnet }));
  },
};
