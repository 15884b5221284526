import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { askSupervisor } from '../control.ts';

export const listenerOpen: Command = {
  name: 'listener open',
  synopsis:
    "Opens a subnet's listener inside the network namespace of its virtual network: --namespace is the name that ip netns knows, " +
    '--pid a process in it; give either or both. Every connection that it accepts comes from that subnet.',
  options: {
    namespace: 'network namespace, by the name that ip netns knows',
    pid: 'id of a process in the network namespace',
    port: 'port to listen on',
    subnet: 'ARM id of the subnet',
  },
  required: ['port', 'subnet'],
  async run({ data = 'postern-data', namespace, pid, port, subnet }) {
    const where = pid === undefined ? namespace : { pid: Number(pid), name: namespace };
    const request = { open: 'listener', namespace: where, port: Number(port), subnet };
    const answer = await askSupervisor(readConnection(data), request);
    return JSON.stringify({ id: answer.get('id'), incarnation: answer.get('incarnation') });
  },
};
