import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from '../command.ts';
import { membersOf } from '../json.ts';

export const version: Command = {
  name: 'version',
  synopsis: 'Prints the version of this program; "postern status" has that of a running server.',
  options: {},
  required: [],
  flags: { json: 'as JSON: { version, node }' },
  isWithoutData: true,
  run() {
    const found = ownVersion();
    return Promise.resolve({ json: { version: found, node: process.versions.node }, text: found });
  },
};

/** From the file beside the folder of the program that was started. */
export function ownVersion(): string {
  const [, program = ''] = process.argv;
  const read: unknown = JSON.parse(readFileSync(join(dirname(program), '../package.json'), 'utf8'));
  return String(membersOf(read).get('version'));
}
