import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { askSupervisor } from '../control.ts';

export const listenerClose: Command = {
  name: 'listener close',
  synopsis: 'Closes a listener opened with "listener open", and its connections.',
  options: {
    id: 'id of the listener, as "listener open" and "listener list" print it',
  },
  required: ['id'],
  flags: { json: 'as JSON: { closed }' },
  async run({ data = 'postern-data', id }) {
    await askSupervisor(readConnection(data), { close: 'listener', id });
    return { json: { closed: id }, text: `closed ${id}` };
  },
};
