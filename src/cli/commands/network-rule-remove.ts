import type { Command } from '../command.ts';
import { WrongUsage } from '../failed.ts';
import { changeNetworkSettings, rulesAnswer } from '../vault/network-rules.ts';
import { ruleOptions, rulesShape } from '../vault/rule-options.ts';

export const networkRuleRemove: Command = {
  name: 'network-rule remove',
  synopsis:
    'Takes rules away from a vault\'s firewall, and prints the rules afterwards. "postern what-if" says whom that would lock out.',
  options: ruleOptions,
  required: ['vault'],
  flags: { json: rulesShape },
  async run({ data = 'postern-data', vault = '', 'ip-address': address, subnet }) {
    if (address === undefined && subnet === undefined) {
      throw new WrongUsage('A rule is for an --ip-address or a --subnet.', 'Give one of them, or both.');
    }
    return rulesAnswer(await changeNetworkSettings(data, vault, { 'remove-ip': address, 'remove-subnet': subnet }));
  },
};
