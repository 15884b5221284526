import { styleText } from 'node:util';
import { escaped, shown, shownLines } from '../lines/terminal.ts';
import type { Outcome, Printed, Table } from './command.ts';

/** How an output is said. */
export interface OutputForm {
  readonly asJson: boolean;
  /** Where it is written: a terminal has tables and colors. */
  readonly stream: NodeJS.WriteStream;
}

/** The output for an outcome, and the exit status. */
export function outputOf(outcome: Outcome, { asJson, stream }: OutputForm): Printed {
  if (typeof outcome === 'string') return outputOf({ output: outcome, exitStatus: 0 }, { asJson, stream });
  if ('output' in outcome) {
    const { output, exitStatus } = outcome;
    if (asJson) return { output: escaped(output), exitStatus };
    return { output: stream.isTTY ? shownLines(output) : output, exitStatus };
  }
  const { json, text, table, exitStatus = 0 } = outcome;
  if (asJson) return { output: jsonOf(json), exitStatus };
  if (!stream.isTTY) return { output: text, exitStatus };
  return { output: table === undefined ? shownLines(text) : tableOf(table, stream), exitStatus };
}

function tableOf({ head, rows }: Table, stream: NodeJS.WriteStream): string {
  const cells = [head, ...rows].map((row) => row.map(shown));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const [title = '', ...others] = lines;
  return [styleText('bold', title, { stream }), ...others].join('\n');
}

/** Characters that a terminal may obey are escaped: names and values come from others. */
export function jsonOf(value: unknown): string {
  return escaped(JSON.stringify(value, undefined, 2));
}
