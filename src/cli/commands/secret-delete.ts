import type { Command } from '../command.ts';
import { atVault, vaultOptions } from '../secret/at-vault.ts';

export const secretDelete: Command = {
  name: 'secret delete',
  synopsis: 'Deletes a secret through the data plane, as the administrator. Prints until when it can be recovered.',
  options: {
    vault: vaultOptions.vault,
    name: 'name of the secret',
    from: vaultOptions.from,
    'local-address': vaultOptions['local-address'],
  },
  required: ['vault', 'name'],
  flags: { json: 'as JSON: what the vault says of the deleted secret, such as { recoveryId, scheduledPurgeDate }' },
  progress: 'Deleting the secret',
  async run(options) {
    const { name = '' } = options;
    const vault = await atVault(options);
    const answer = await vault.ask(`/secrets/${encodeURIComponent(name)}`, { method: 'DELETE' });
    const seconds = Number(answer.get('scheduledPurgeDate'));
    return {
      json: Object.fromEntries(answer),
      text: `Deleted. It can be recovered until ${new Date(seconds * 1000).toISOString()}.`,
    };
  },
};
