import { answerFailed } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOf } from '../output-words.ts';
import { findVault, sendTo } from '../vault-request.ts';

export const vaultShow: Command = {
  name: 'vault show',
  synopsis: 'Prints a vault as the resource manager has it: its properties, rules and access policies.',
  options: { vault: 'name of the vault' },
  required: ['vault'],
  flags: { json: 'as JSON, as without it: such as { id, name, location, properties }' },
  progress: 'Reading the vault',
  async run({ data = 'postern-data', vault = '' }) {
    const answer = await sendTo(await findVault(data, vault), { method: 'GET' });
    if (answer.status !== 200) throw answerFailed(answer);
    return { json: answer.body, text: jsonOf(answer.body) };
  },
};
