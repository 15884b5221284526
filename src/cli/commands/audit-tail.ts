import { tail, tailJson, tailOptions } from '../audit/tail.ts';
import type { Command } from '../command.ts';

export const auditTail: Command = {
  name: 'audit tail',
  synopsis:
    'Prints the last ten records of the audit log that all options agree on, and then each new one, until Ctrl-C.',
  options: tailOptions,
  required: [],
  flags: { json: tailJson },
  run: (options, given) => tail(options, given, { goesOn: true }),
};
