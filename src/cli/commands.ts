import { nearest } from '../settings/nearest.ts';
import type { Command } from './command.ts';
import { CommandFailed } from './failed.ts';

/**
 * Every command but `start`, by the words that invoke it, in the order of the help. Only the one that is asked for is
 * loaded: `run` must not take much longer than the program.
 */
export const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['secret show', async () => (await import('./commands/secret-show.ts')).secretShow],
  ['secret list', async () => (await import('./commands/secret-list.ts')).secretList],
  ['secret set', async () => (await import('./commands/secret-set.ts')).secretSet],
  ['secret delete', async () => (await import('./commands/secret-delete.ts')).secretDelete],
  ['explain', async () => (await import('./commands/explain.ts')).explain],
  ['what-if', async () => (await import('./commands/what-if.ts')).whatIf],
  ['activity', async () => (await import('./commands/activity.ts')).activity],
  ['audit query', async () => (await import('./commands/audit-query.ts')).auditQuery],
  ['audit sinks', async () => (await import('./commands/audit-sinks.ts')).auditSinks],
  ['audit tail', async () => (await import('./commands/audit-tail.ts')).auditTail],
  [
    'trusted-services credential',
    async () => (await import('./commands/trusted-services-credential.ts')).trustedServicesCredential,
  ],
  ['trusted-services', async () => (await import('./commands/trusted-services.ts')).trustedServices],
  ['run', async () => (await import('./commands/run.ts')).run],
  ['exec', async () => (await import('./commands/exec.ts')).exec],
  ['env', async () => (await import('./commands/env.ts')).env],
  ['token', async () => (await import('./commands/token.ts')).token],
  ['hosts', async () => (await import('./commands/hosts.ts')).hosts],
  ['listener open', async () => (await import('./commands/listener-open.ts')).listenerOpen],
  ['listener close', async () => (await import('./commands/listener-close.ts')).listenerClose],
  ['listener list', async () => (await import('./commands/listener-list.ts')).listenerList],
  ['gateway config', async () => (await import('./commands/gateway-config.ts')).gatewayConfig],
  ['net up', async () => (await import('./commands/net-up.ts')).netUp],
  ['net down', async () => (await import('./commands/net-down.ts')).netDown],
  ['net status', async () => (await import('./commands/net-status.ts')).netStatus],
  ['master-key rotate', async () => (await import('./commands/master-key-rotate.ts')).masterKeyRotate],
  ['token-key rotate', async () => (await import('./commands/token-key-rotate.ts')).tokenKeyRotate],
  ['export', async () => (await import('./commands/export.ts')).exportSeed],
  ['trust install', async () => (await import('./commands/trust-install.ts')).trustInstall],
  ['trust remove', async () => (await import('./commands/trust-remove.ts')).trustRemove],
  ['trust status', async () => (await import('./commands/trust-status.ts')).trustStatus],
  ['doctor', async () => (await import('./commands/doctor.ts')).doctor],
]);

/** All of them, loaded. */
export function allCommands(): Promise<readonly Command[]> {
  return Promise.all([...commands.values()].map((load) => load()));
}

/** The commands that begin with this word, such as `net`, as the help has them; `undefined` if there are none. */
export async function groupHelp(word: string): Promise<string | undefined> {
  const found = [...commands].flatMap(([name, load]) => (name.startsWith(`${word} `) ? [load] : []));
  if (found.length === 0) return undefined;
  const group = await Promise.all(found.map((load) => load()));
  return `${group.map((command) => `  ${synopsisOf(command)}\n      ${command.synopsis}`).join('\n')}\n`;
}

/** The failure for words that are not a command, with the nearest one that is. */
export function unknownCommand(words: readonly string[]): CommandFailed {
  const [first = '', second = ''] = words;
  const known = ['start', ...commands.keys()];
  const asked = second === '' || second.startsWith('-') ? first : `${first} ${second}`;
  const near = nearest(asked, known) ?? nearest(first, known);
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`;
  return new CommandFailed(`There is no command '${asked}'.${hint}`, 'See postern --help.');
}

const dataHelp = 'data folder of the running server (default POSTERN_DATA or ./postern-data)';

/** Each option of a command with its placeholder, and what it is. */
export function optionHelp({ options, flags = {} }: Command): readonly (readonly [option: string, help: string])[] {
  return [
    ...Object.entries({ ...options, data: dataHelp }).map(([name, help]) => [withPlaceholder(name), help] as const),
    ...Object.entries(flags).map(([name, help]) => [`--${name}`, help] as const),
  ];
}

/** `postern secret show --vault VAULT …`, with what may be left out in brackets. */
export function synopsisOf({ name, options, required, flags = {}, operands }: Command): string {
  const withValue = [...Object.keys(options), 'data'].map((option) =>
    required.includes(option) ? withPlaceholder(option) : `[${withPlaceholder(option)}]`,
  );
  const withoutValue = Object.keys(flags).map((flag) => `[--${flag}]`);
  const rest = operands === undefined ? [] : [`-- ${operands}`];
  return ['postern', name, ...withValue, ...withoutValue, ...rest].join(' ');
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const lines = optionHelp(command).map(([option, help]) => `  ${option.padEnd(25)} ${help}`);
  return `Usage: ${synopsisOf(command)}\n\n${command.synopsis}\n\n${lines.join('\n')}\n`;
}

function withPlaceholder(option: string): string {
  return `--${option} ${option.toUpperCase()}`;
}
