import type { Command } from './command.ts';
import { explain } from './commands/explain.ts';
import { hosts } from './commands/hosts.ts';
import { listenerClose } from './commands/listener-close.ts';
import { listenerList } from './commands/listener-list.ts';
import { listenerOpen } from './commands/listener-open.ts';
import { secretShow } from './commands/secret-show.ts';
import { token } from './commands/token.ts';

/** Every command but `start`, in the order of the help. */
export const commands: readonly Command[] = [
  secretShow,
  explain,
  token,
  hosts,
  listenerOpen,
  listenerClose,
  listenerList,
];

const dataHelp = 'data folder of the running server (default ./postern-data)';

/** Each option of a command with its placeholder, and what it is. */
export function optionHelp({ options }: Command): readonly (readonly [option: string, help: string])[] {
  return Object.entries({ ...options, data: dataHelp }).map(([name, help]) => [withPlaceholder(name), help]);
}

/** `postern secret show --vault VAULT …`, with what may be left out in brackets. */
export function synopsisOf({ name, options, required }: Command): string {
  const parts = [...Object.keys(options), 'data'].map((option) =>
    required.includes(option) ? withPlaceholder(option) : `[${withPlaceholder(option)}]`,
  );
  return `postern ${name} ${parts.join(' ')}`;
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const lines = optionHelp(command).map(([option, help]) => `  ${option.padEnd(25)} ${help}`);
  return `Usage: ${synopsisOf(command)}\n\n${command.synopsis}\n\n${lines.join('\n')}\n`;
}

function withPlaceholder(option: string): string {
  return `--${option} ${option.toUpperCase()}`;
}
