import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { operatorAnswer } from '../operator.ts';

export const storeAccept: Command = {
  name: 'store accept',
  synopsis:
    'Lets a running server use its shared database as it is, which it refuses because changes were lost: see docs/how-to/failover.md before you do. Each server of the store that refuses it is told by itself.',
  options: {},
  required: [],
  flags: { json: 'as JSON: { name, why }' },
  async run({ data = 'postern-data' }) {
    const answer = await operatorAnswer(readConnection(data), { ask: 'accept' });
    const [name, why] = [String(answer.get('name')), String(answer.get('why'))];
    return { json: { name, why }, text: `The node ${name} uses the database as it is. It had refused it: ${why}` };
  },
};
