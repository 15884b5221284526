import type { Command } from '../command.ts';
import { atVault, printed, vaultOptions } from '../secret/at-vault.ts';

export const secretShow: Command = {
  name: 'secret show',
  synopsis: 'Reads a secret through the data plane, as the administrator.',
  options: {
    vault: vaultOptions.vault,
    name: 'name of the secret',
    version: 'version of the secret (default the current one)',
    from: vaultOptions.from,
    'local-address': vaultOptions['local-address'],
  },
  required: ['vault', 'name'],
  flags: { json: 'as JSON, as without it: what the vault says of the secret, such as { value, id, attributes }' },
  progress: 'Reading the secret',
  async run(options) {
    const { name = '', version = '' } = options;
    const vault = await atVault(options);
    return printed(await vault.ask(`/secrets/${encodeURIComponent(name)}/${encodeURIComponent(version)}`));
  },
};
