import { statusOf } from '../../fabric/ask.ts';
import { describeStatus } from '../../fabric/status.ts';
import type { Command } from '../command.ts';
import { commanded } from '../net/commanded.ts';
import { placeOfServer } from '../net/place.ts';

export const netStatus: Command = {
  name: 'net status',
  synopsis:
    'Prints the virtual networks on this machine: their subnets, where each leaves to, and the workloads in them.',
  options: {},
  required: [],
  flags: { json: 'as JSON: { running, … }' },
  async run({ data = 'postern-data' }, { flags }) {
    const status = await commanded(() => statusOf(placeOfServer(data)));
    return flags.has('json') ? JSON.stringify(status, undefined, 2) : describeStatus(status);
  },
};
