import { isAnswering } from '../answering.ts';
import type { Command } from '../command.ts';
import { changed, javaEnvironment } from '../run/environment.ts';
import { javaRoots, launch } from '../run/launch.ts';
import type { Mount } from '../run/launch.ts';
import { changeFor } from '../run/program.ts';
import { readServer } from '../run/server.ts';

const systemHosts = '/etc/hosts';

export const run: Command = {
  name: 'run',
  synopsis: 'Runs a program that finds the vaults, trusts their certificates and signs in as a managed identity.',
  options: { as: 'name of the managed identity (default developer)' },
  required: [],
  flags: { json: 'failures as JSON; the output is that of the program' },
  operands: 'COMMAND',
  async run({ data = 'postern-data', as }, { operands }) {
    const connection = readServer(data);
    const { change, roots } = await changeFor(connection, as);
    const environment = changed(process.env, change);
    const java = javaRoots(environment);
    const store = java === undefined ? undefined : { source: roots.java(), target: java };
    const mounts: readonly Mount[] = [
      { source: connection.hostsFile, target: systemHosts },
      ...(store === undefined ? [] : [store]),
    ];
    const { JAVA_TOOL_OPTIONS: javaOptions = '' } =
      store === undefined ? {} : javaEnvironment(environment, store.source);
    const warning = withoutNames(connection.hostsFile);
    if (!(await isAnswering(connection))) process.stderr.write(silent(connection.home));
    return { output: '', exitStatus: await launch({ command: operands, environment, mounts, javaOptions, warning }) };
  },
};

/** The program may start the server itself, so that it runs all the same. */
function silent(home: string): string {
  return `postern: the server at ${home} does not answer: start it with "postern start".\n`;
}

/** The program runs all the same: its environment has everything but the names. */
function withoutNames(hostsFile: string): string {
  return [
    `postern: the names of vaults resolve only with the lines at the end of ${hostsFile} in ${systemHosts}.`,
    'postern: for a program in Node, "node --import postern/register" does without them.',
  ].join('\n');
}
