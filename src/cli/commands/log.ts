import { tail, tailJson, tailOptions } from '../audit/tail.ts';
import type { Command } from '../command.ts';

export const log: Command = {
  name: 'log',
  synopsis: 'Prints the last ten records of the audit log that all options agree on. It needs no running server.',
  options: tailOptions,
  required: [],
  flags: { follow: 'go on with each new record, until Ctrl-C', json: tailJson },
  run: (options, given) => tail(options, given, { goesOn: given.flags.has('follow') }),
};
