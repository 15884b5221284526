import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readArguments } from './arguments.ts';
import { allCommands, commandHelp, commands, groupHelp, synopsisOf, unknownCommand } from './commands.ts';
import { CommandFailed } from './failed.ts';

/** Runs the command in the arguments. Returns the exit status: 0, 1 when the command failed, 2 when the usage was wrong. */
async function main(argv: readonly string[]): Promise<number> {
  const name = [...commands.keys()].find((words) => argv.slice(0, wordsIn(words)).join(' ') === words);
  const command = name === undefined ? undefined : await commands.get(name)?.();
  if (command === undefined) return withoutCommand(argv);
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
    fail(error);
    return 1;
  }
}

async function withoutCommand(argv: readonly string[]): Promise<number> {
  const [first = '--help', second = '--help'] = argv;
  if (first === '--version' || first === '-V') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const ofGroup = second === '--help' ? await groupHelp(first) : undefined;
  const isAsked = argv.includes('--help') || first === '--help' || first === 'help';
  if (isAsked) {
    process.stdout.write(ofGroup ?? (await usage()));
    return 0;
  }
  if (ofGroup === undefined) fail(unknownCommand(argv));
  else process.stderr.write(`error: '${first}' needs one more word.\n\n${ofGroup}`);
  return 2;
}

function fail({ message, hint }: CommandFailed): void {
  process.stderr.write(`error: ${message}\n`);
  if (hint !== undefined) process.stderr.write(`hint: ${hint}\n`);
}

/** From the file beside the folder of the program that was started. */
function version(): string {
  const [, program = ''] = process.argv;
  const read: unknown = JSON.parse(readFileSync(join(dirname(program), '../package.json'), 'utf8'));
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : '';
}

async function usage(): Promise<string> {
  const lines = (await allCommands()).map((command) => `  ${synopsisOf(command)}\n      ${command.synopsis}`);
  return `Usage: postern COMMAND [OPTIONS]

  postern start [--help] [OPTIONS]
      Starts the server.
${lines.join('\n')}

--data DIR is the data folder of the running server; if left out, POSTERN_DATA names it, or it is ./postern-data.
--version prints the version.
`;
}

function wordsIn(name: string): number {
  return name.split(' ').length;
}

process.exitCode = await main(process.argv.slice(2));
