import { spawnSync } from 'node:child_process';
import { options } from '../../settings/options.ts';
import type { Option } from '../../settings/options.ts';
import type { Command } from '../command.ts';

const all = Object.entries<Option>(options).filter(([name]) => name !== 'help' && name !== 'check');

export const configCheck: Command = {
  name: 'config check',
  synopsis:
    'Reads the configuration and the files that it names, as "postern start" with the same options would, and prints what the server would run with, or each fault. It changes nothing and opens no port.',
  options: Object.fromEntries(
    all.flatMap(([name, { value, help }]) => (value === undefined ? [] : [[name, { help, value }]])),
  ),
  required: [],
  flags: {
    ...Object.fromEntries(all.flatMap(([name, { value, help }]) => (value === undefined ? [[name, help]] : []))),
    json: 'as JSON: { valid, settings, warnings }, or { valid, faults }',
  },
  isWithoutData: true,
  isOfStart: true,
  // The same program reads them, so that no rule is in two places.
  run(_, { operands }) {
    const [, program = ''] = process.argv;
    const { stdout, status } = spawnSync(process.execPath, [program, 'start', '--check', ...operands], {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    return Promise.resolve({ output: stdout.trimEnd(), exitStatus: status ?? 1 });
  },
};
