import type { Command } from '../command.ts';
import { WrongUsage } from '../failed.ts';
import { changeNetworkSettings, rulesAnswer } from '../vault/network-rules.ts';
import { ruleOptions, rulesShape } from '../vault/rule-options.ts';

export const networkRuleAdd: Command = {
  name: 'network-rule add',
  synopsis:
    'Adds rules to a vault\'s firewall, and prints the rules afterwards. One that is there already stays. "postern what-if" says whom that would let in.',
  options: ruleOptions,
  required: ['vault'],
  flags: { json: rulesShape },
  async run({ data = 'postern-data', vault = '', 'ip-address': address, subnet }) {
    if (address === undefined && subnet === undefined) {
      throw new WrongUsage('A rule is for an --ip-address or a --subnet.', 'Give one of them, or both.');
    }
    return rulesAnswer(await changeNetworkSettings(data, vault, { 'add-ip': address, 'add-subnet': subnet }));
  },
};
