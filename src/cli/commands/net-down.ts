import { programEnvironment } from '../../fabric/machine.ts';
import { endFabric } from '../../fabric/ask.ts';
import type { Command } from '../command.ts';
import { commanded } from '../net/commanded.ts';
import { readFabricServer } from '../net/fabric-server.ts';
import { placeOfServer } from '../net/place.ts';

export const netDown: Command = {
  name: 'net down',
  synopsis:
    'Removes the virtual networks from this machine, also what a killed "postern net up" left, and ends the workloads in them. ' +
    'The server and its resources stay as they are.',
  options: {},
  required: [],
  flags: { json: 'as JSON: { message }' },
  async run({ data = 'postern-data' }) {
    const place = placeOfServer(data);
    const environment = programEnvironment(process.env['PATH']);
    const message = await commanded(() => endFabric({ place, environment, readServer: () => readFabricServer(data) }));
    return { json: { message }, text: message };
  },
};
