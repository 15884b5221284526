import { parseArgs } from 'node:util';
import type { Command } from './command.ts';
import { commandHelp, commands, synopsisOf } from './commands.ts';
import { CommandFailed } from './failed.ts';

/** Runs the command in the arguments. Returns the exit status: 0, 1 when the command failed, 2 when the usage was wrong. */
async function main(argv: readonly string[]): Promise<number> {
  const command = commands.find(({ name }) => argv.slice(0, wordsIn(name)).join(' ') === name);
  if (command === undefined) {
    const asked = argv.length === 0 || argv.includes('--help') || argv[0] === 'help';
    (asked ? process.stdout : process.stderr).write(usage());
    return asked ? 0 : 2;
  }
  if (argv.includes('--help')) {
    process.stdout.write(commandHelp(command));
    return 0;
  }
  try {
    const options = readOptions(command, argv.slice(wordsIn(command.name)));
    process.stdout.write(`${await command.run(options)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`hint: ${error.hint}\n`);
    return 1;
  }
}

function readOptions(command: Command, args: readonly string[]): Readonly<Record<string, string | undefined>> {
  const names = [...Object.keys(command.options), 'data'];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' } as const]));
  const synopsis = synopsisOf(command);
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true });
    const missing = command.required.find((name) => values[name] === undefined);
    if (missing !== undefined) throw new CommandFailed(`--${missing} is missing.`, synopsis);
    return values;
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(error instanceof Error ? error.message : String(error), synopsis);
  }
}

function usage(): string {
  const lines = commands.map((command) => `  ${synopsisOf(command)}\n      ${command.synopsis}`);
  return `Usage: postern COMMAND [OPTIONS]

  postern start [--help] [OPTIONS]
      Starts the server.
${lines.join('\n')}

--data DIR is the data folder of the running server; ./postern-data if left out.
`;
}

function wordsIn(name: string): number {
  return name.split(' ').length;
}

process.exitCode = await main(process.argv.slice(2));
