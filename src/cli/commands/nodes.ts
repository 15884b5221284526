import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { nodeNotes, nodeTable } from '../nodes/node-lines.ts';
import { operatorAnswer } from '../operator.ts';

export const nodes: Command = {
  name: 'nodes',
  synopsis:
    'Lists the servers that share a PostgreSQL database: whether each lives, how far its clock is from that of the database, its master keys, and how many records of changes wait for its audit log.',
  options: {},
  required: [],
  flags: {
    json: 'as JSON: { at, nodes: a list of { name, id, own, living, state, release, since, seen, clockAheadMs, address, masterKeys, waiting }, unclaimed: a list of { id, waiting } }',
  },
  async run({ data = 'postern-data' }) {
    const answer = await operatorAnswer(readConnection(data), { ask: 'nodes' });
    const { head, rows } = nodeTable(answer);
    const notes = nodeNotes(answer);
    const json = { at: answer.get('at'), nodes: answer.get('nodes'), unclaimed: answer.get('unclaimed') };
    const lines = [head, ...rows].map((cells) => cells.map((cell) => (cell === '' ? '-' : cell)).join('  '));
    const text = [...lines, ...notes].join('\n');
    return { json, text, ...(notes.length === 0 && { table: { head, rows } }) };
  },
};
