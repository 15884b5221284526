import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { operatorAnswer } from '../operator.ts';

export const nodesAdopt: Command = {
  name: 'nodes adopt',
  synopsis:
    'Takes a dead server of a shared database out of the list of nodes, and writes the records of changes that wait for its audit log into that of this server, marked. For a node whose data folder is lost.',
  options: { name: 'name of the node, or its id' },
  required: ['name'],
  flags: { json: 'as JSON: { name, id, adopted }' },
  async run({ data = 'postern-data', name: asked = '' }) {
    const answer = await operatorAnswer(readConnection(data), { ask: 'adopt', name: asked });
    const name = String(answer.get('name'));
    const adopted = Number(answer.get('adopted') ?? 0);
    return {
      json: { name, id: answer.get('id'), adopted },
      text: `The node ${name} was removed, and ${adopted} of its records are in the audit log of this server.`,
    };
  },
};
