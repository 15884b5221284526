import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { askSupervisor } from '../control.ts';

export const listenerList: Command = {
  name: 'listener list',
  synopsis: 'Lists the open listeners of subnets: those of vaults and those of instance metadata.',
  options: {},
  required: [],
  flags: { json: 'as JSON: a list of { id, kind, port, … }, as without it if the output is not a terminal' },
  async run({ data = 'postern-data' }) {
    const answer = await askSupervisor(readConnection(data), { list: 'listeners' });
    return JSON.stringify(answer.get('listeners'), undefined, 2);
  },
};
