import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { operatorAnswer } from '../operator.ts';

export const nodesRemove: Command = {
  name: 'nodes remove',
  synopsis:
    'Takes a dead server of a shared database out of the list of nodes. One with records that wait for its audit log is refused.',
  options: { name: 'name of the node, or its id' },
  required: ['name'],
  flags: { json: 'as JSON: { name, id }' },
  async run({ data = 'postern-data', name: asked = '' }) {
    const answer = await operatorAnswer(readConnection(data), { ask: 'remove', name: asked });
    const name = String(answer.get('name'));
    return { json: { name, id: answer.get('id') }, text: `The node ${name} was removed.` };
  },
};
