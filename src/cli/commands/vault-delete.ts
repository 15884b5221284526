import { answerFailed } from '../client.ts';
import type { Command } from '../command.ts';
import { membersOf } from '../json.ts';
import { findVault, sendTo } from '../vault-request.ts';

export const vaultDelete: Command = {
  name: 'vault delete',
  synopsis:
    "Deletes a vault. Its name and its contents are kept until its retention ends, so that Azure's tools can recover it.",
  options: { vault: 'name of the vault' },
  required: ['vault'],
  flags: { json: 'as JSON: { id, retentionDays }' },
  progress: 'Deleting the vault',
  async run({ data = 'postern-data', vault = '' }) {
    const found = await findVault(data, vault);
    const read = await sendTo(found, { method: 'GET' });
    if (read.status !== 200) throw answerFailed(read);
    const retentionDays = membersOf(membersOf(read.body).get('properties')).get('softDeleteRetentionInDays');
    const answer = await sendTo(found, { method: 'DELETE' });
    if (answer.status !== 200) throw answerFailed(answer);
    return {
      json: { id: found.id, retentionDays },
      text: `Deleted. It can be recovered for ${String(retentionDays)} days: az keyvault recover --name ${vault}`,
    };
  },
};
