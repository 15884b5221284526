import type { Command } from '../command.ts';
import { WrongUsage } from '../failed.ts';
import { changeNetworkSettings, rulesAnswer } from '../vault/network-rules.ts';
import { settingOptions } from '../vault/network-settings.ts';
import { rulesShape } from '../vault/rule-options.ts';

export const vaultUpdate: Command = {
  name: 'vault update',
  synopsis:
    'Changes what the firewall of a vault does where no rule lets a request in, and prints its network settings afterwards. "network-rule add" adds rules.',
  options: { vault: 'name of the vault', ...settingOptions },
  required: ['vault'],
  flags: { json: rulesShape },
  progress: 'Changing the vault',
  async run({ data = 'postern-data', vault = '', ...changes }) {
    const names = Object.keys(settingOptions);
    if (names.every((name) => changes[name] === undefined)) {
      throw new WrongUsage('It is not said what to change.', `Give one of --${names.join(', --')}.`);
    }
    return rulesAnswer(await changeNetworkSettings(data, vault, changes));
  },
};
