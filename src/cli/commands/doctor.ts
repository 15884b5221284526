import type { Command } from '../command.ts';
import { describeFindings, findingsOf, isReady } from '../doctor/checks.ts';
import { observe } from '../doctor/observe.ts';

export const doctor: Command = {
  name: 'doctor',
  synopsis:
    'Says what this machine allows, what is missing, and the command that mends it. Exits 1 if a server or "run" needs it.',
  options: {},
  required: [],
  flags: { json: 'as JSON: { ready, checks }' },
  progress: 'Looking at this machine',
  async run({ data = 'postern-data' }, { flags }) {
    const checks = findingsOf(await observe(data));
    const ready = isReady(checks);
    const output = flags.has('json') ? JSON.stringify({ ready, checks }, undefined, 2) : describeFindings(checks);
    return { output, exitStatus: ready ? 0 : 1 };
  },
};
