import type { Command } from '../command.ts';
import { changeNetworkSettings, rulesAnswer } from '../vault/network-rules.ts';
import { ruleOptions, rulesIn, rulesShape } from '../vault/rule-options.ts';

export const networkRuleAdd: Command = {
  name: 'network-rule add',
  synopsis:
    'Adds rules to a vault\'s firewall, and prints the rules afterwards. One that is there already stays. "postern what-if" says whom that would let in.',
  options: ruleOptions,
  required: ['vault'],
  flags: { json: rulesShape },
  progress: 'Adding the rules',
  async run({ data = 'postern-data', vault = '', ...named }) {
    const { ip, subnet } = rulesIn(named);
    return rulesAnswer(await changeNetworkSettings(data, vault, { 'add-ip': ip, 'add-subnet': subnet }));
  },
};
