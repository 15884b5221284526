import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { askSupervisor } from '../control.ts';
import { subnetIdOf } from '../subnet-id.ts';

export const listenerOpen: Command = {
  name: 'listener open',
  synopsis:
    "Opens a subnet's listener inside the network namespace of its virtual network: --namespace is the name that ip netns knows, " +
    '--pid a process in it; give either or both. Every connection that it accepts comes from that subnet.',
  options: {
    namespace: 'network namespace, by the name that ip netns knows',
    pid: 'id of a process in the network namespace',
    port: 'port to listen on',
    subnet: 'the subnet, as VNET/SUBNET or its ARM id',
  },
  required: ['port', 'subnet'],
  flags: { json: 'as JSON, as without it: { id, incarnation }' },
  async run({ data = 'postern-data', namespace, pid, port, subnet = '' }) {
    const connection = readConnection(data);
    const where = pid === undefined ? namespace : { pid: Number(pid), name: namespace };
    const request = {
      open: 'listener',
      namespace: where,
      port: Number(port),
      subnet: await subnetIdOf(subnet, connection),
    };
    const answer = await askSupervisor(connection, request);
    return JSON.stringify({ id: answer.get('id'), incarnation: answer.get('incarnation') });
  },
};
