/** The entry of every command but `start`. */
import { readArguments } from './arguments.ts';
import { commandIn, commands, namesInGroup, unknownCommand } from './commands.ts';
import type { Command } from './command.ts';
import { failureWords } from './failure-words.ts';
import { commandHelp, groupHelp, usage } from './help.ts';
import { outputOf } from './output-words.ts';
import { showProgress } from './progress.ts';
import { printed } from './standard-output.ts';

const argv = process.argv.slice(2);

/** Runs the command in the words. Returns the exit status: 0, or what the command says. */
async function main(words: readonly string[]): Promise<number> {
  const name = commandIn(words);
  const command = name === undefined ? undefined : await commands.get(name)?.();
  if (command === undefined) return withoutCommand(words);
  if (wantsHelp(words)) return printed(commandHelp(command));
  const { POSTERN_DATA: data } = process.env;
  const { options, given } = readArguments(command, words.slice(command.name.split(' ').length), data);
  const outcome = await withProgress(command, () => command.run(options, given));
  const { output, exitStatus } = outputOf(outcome, { asJson: given.flags.has('json'), stream: process.stdout });
  if (output !== '') await printed(`${output}\n`);
  return exitStatus;
}

async function withProgress<T>({ progress }: Command, work: () => Promise<T>): Promise<T> {
  if (progress === undefined) return work();
  using _ = showProgress(progress, process.stderr);
  return await work();
}

/** Help, the version, and words that are no command. */
async function withoutCommand(words: readonly string[]): Promise<number> {
  const [first = 'help', second = '-'] = words;
  const isWord = !second.startsWith('-');
  if (first === '--version' || first === '-V') return main(['version', ...words.slice(1)]);
  if (first === 'help' && isWord) return main([...words.slice(1), '--help']);
  if (first === 'help' || (first.startsWith('-') && wantsHelp(words))) return printed(await usage());
  // `bin/main.mjs` runs it, and only its help is asked for here.
  if (first === 'start') return printed((await import('../settings/options.ts')).helpText);
  if (!isWord && wantsHelp(words) && namesInGroup(first).length > 0) return printed(await groupHelp(first));
  throw unknownCommand(words);
}

function wantsHelp(words: readonly string[]): boolean {
  const own = beforeProgram(words);
  return own.includes('--help') || own.includes('-h');
}

/** The words after `--` are a program's. */
function beforeProgram(words: readonly string[]): readonly string[] {
  return words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
}

/** @returns the exit status */
function fail(error: unknown): number {
  const { words, exitStatus } = failureWords(error, {
    asJson: beforeProgram(argv).includes('--json'),
    isDebugged: process.env['POSTERN_DEBUG'] === '1',
    stream: process.stderr,
  });
  process.stderr.write(words);
  return exitStatus;
}

// A reader that had enough is not an error, and what else goes wrong is said by the write itself.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('uncaughtException', (error) => process.exit(fail(error)));
try {
  process.exitCode = await main(argv);
} catch (error) {
  process.exitCode = fail(error);
}
