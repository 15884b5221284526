import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { askSupervisor } from '../control.ts';

export const listenerOpen: Command = {
  name: 'listener open',
  synopsis:
    "Opens a subnet's listener inside the network namespace of its virtual network: what it accepts comes from that subnet.",
  options: ['namespace', 'port', 'subnet'],
  required: ['namespace', 'port', 'subnet'],
  async run({ data = 'postern-data', namespace, port, subnet }) {
    const request = { open: 'listener', namespace, port: Number(port), subnet };
    const answer = await askSupervisor(readConnection(data), request);
    return JSON.stringify({ id: answer.get('id'), incarnation: answer.get('incarnation') });
  },
};
