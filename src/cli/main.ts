import { parseArgs } from 'node:util';
import type { Command, Given, Options } from './command.ts';
import { allCommands, commandHelp, commands, synopsisOf } from './commands.ts';
import { CommandFailed } from './failed.ts';

/** Runs the command in the arguments. Returns the exit status: 0, 1 when the command failed, 2 when the usage was wrong. */
async function main(argv: readonly string[]): Promise<number> {
  const name = [...commands.keys()].find((words) => argv.slice(0, wordsIn(words)).join(' ') === words);
  const command = name === undefined ? undefined : await commands.get(name)?.();
  if (command === undefined) {
    const asked = argv.length === 0 || argv.includes('--help') || argv[0] === 'help';
    if (asked) process.stdout.write(await usage());
    else process.stderr.write(`error: There is no command '${argv.slice(0, 2).join(' ')}'.\n\n${await usage()}`);
    return asked ? 0 : 2;
  }
  if (argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--help')) {
    process.stdout.write(commandHelp(command));
    return 0;
  }
  try {
    const { options, given } = readArguments(command, argv.slice(wordsIn(command.name)));
    const outcome = await command.run(options, given);
    const { output, exitStatus } = typeof outcome === 'string' ? { output: outcome, exitStatus: 0 } : outcome;
    if (output !== '') process.stdout.write(`${output}\n`);
    return exitStatus;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`hint: ${error.hint}\n`);
    return 1;
  }
}

function readArguments(command: Command, args: readonly string[]): { options: Options; given: Given } {
  const { options, flags = {}, required } = command;
  const end = args.indexOf('--');
  const operands = end === -1 ? [] : args.slice(end + 1);
  const withValue = [...Object.keys(options), 'data'].map((name) => [name, { type: 'string' }] as const);
  const withoutValue = Object.keys(flags).map((name) => [name, { type: 'boolean' }] as const);
  const synopsis = synopsisOf(command);
  try {
    const { values } = parseArgs({
      args: end === -1 ? [...args] : args.slice(0, end),
      options: Object.fromEntries<{ type: 'string' | 'boolean' }>([...withValue, ...withoutValue]),
      strict: true,
    });
    const missing = required.find((name) => values[name] === undefined);
    if (missing !== undefined) throw new CommandFailed(`--${missing} is missing.`, synopsis);
    if (command.operands === undefined && end !== -1) throw new CommandFailed('Nothing may follow --.', synopsis);
    if (command.operands !== undefined && operands.length === 0) {
      throw new CommandFailed(`${command.operands} is missing after --.`, synopsis);
    }
    const strings = Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    );
    // The data folder of every command, unless an option names one.
    const { POSTERN_DATA: data } = process.env;
    return {
      options: { ...(data !== undefined && { data }), ...Object.fromEntries(strings) },
      given: { flags: new Set(Object.keys(flags).filter((name) => values[name] === true)), operands },
    };
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(error instanceof Error ? error.message : String(error), synopsis);
  }
}

async function usage(): Promise<string> {
  const lines = (await allCommands()).map((command) => `  ${synopsisOf(command)}\n      ${command.synopsis}`);
  return `Usage: postern COMMAND [OPTIONS]

  postern start [--help] [OPTIONS]
      Starts the server.
${lines.join('\n')}

--data DIR is the data folder of the running server; if left out, POSTERN_DATA names it, or it is ./postern-data.
`;
}

function wordsIn(name: string): number {
  return name.split(' ').length;
}

process.exitCode = await main(process.argv.slice(2));
