import { commands, optionHelp, synopsisOf } from '../src/cli/commands.ts';
import type { Command } from '../src/cli/command.ts';
import { environment, options, signals } from '../src/settings/options.ts';
import type { Option } from '../src/settings/options.ts';
import { markdownTable } from './markdown-table.ts';

/** The parts of `docs/reference/command-line.md`, by the names of their places. */
export function commandParts(): ReadonlyMap<string, string> {
  return new Map([
    ['start', startTable()],
    ['environment', plainTable('variable', environment)],
    ['signals', plainTable('signal', signals)],
    ['commands', commands.map(sectionOf).join('\n')],
  ]);
}

function startTable(): string {
  const rows = Object.entries<Option>(options).map(([name, { value, help }]) => [
    `\`--${name}${value === undefined ? '' : ` ${asCell(value)}`}\``,
    asCell(help),
  ]);
  return markdownTable(['option', 'what it does'], rows);
}

function plainTable(what: string, texts: Readonly<Record<string, string>>): string {
  const rows = Object.entries(texts).map(([name, text]) => [`\`${name}\``, text]);
  return markdownTable([what, 'what it does'], rows);
}

function sectionOf(command: Command): string {
  const rows = optionHelp(command).map(([option, help]) => [`\`${option}\``, asCell(help)]);
  const usage = `\`\`\`\n${synopsisOf(command)}\n\`\`\`\n`;
  return `### ${command.name}\n\n${asCell(command.synopsis)}\n\n${usage}\n${markdownTable(['option', 'what it is'], rows)}`;
}

/** Text of the help inside a line of Markdown. */
function asCell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll(/[<*]/g, String.raw`\$&`);
}
