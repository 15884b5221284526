import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { answersIn } from '../audit/answers.ts';
import { LineReader, openLog, unreadable } from '../audit/log-lines.ts';
import type { OpenLogFile } from '../audit/log-lines.ts';
import { Output } from '../audit/output.ts';
import { questionOptions, readQuestion } from '../audit/question.ts';
import type { Command } from '../command.ts';

const progressEveryMs = 500;

export const auditQuery: Command = {
  name: 'audit query',
  synopsis:
    'Prints the records of the audit log that all options agree on, the oldest first, a line each. It needs no running server.',
  options: questionOptions,
  required: [],
  flags: { json: 'as JSON: whole records, a line each, as they are in the log, with control characters escaped' },
  async run({ data = 'postern-data', ...options }, { flags }) {
    const question = readQuestion(options, Date.now());
    const files = openFiles(data);
    const bytes = files.reduce((all, file) => all + file.bytes, 0);
    const progress = new Progress(bytes);
    let found = 0;
    const output = new Output();
    for (const file of files) {
      const reader = new LineReader(file.descriptor);
      for (let lines = reader.next(); lines !== undefined; lines = reader.next()) {
        const answers = answersIn(lines, question, { asJson: flags.has('json') });
        found += answers.length;
        progress.add(lines, found);
        if (!(await output.print(answers))) return '';
        await turn();
      }
      closeSync(file.descriptor);
    }
    // By now it is known whether the last lines could be written.
    if (await output.print([])) progress.end(found);
    return '';
  },
};

/** @throws {CommandFailed} when there is no log that this user can read */
function openFiles(data: string): readonly OpenLogFile[] {
  const folder = join(data, 'audit');
  try {
    return openLog(folder);
  } catch (error) {
    throw unreadable(`in ${folder}`, error);
  }
}

/** Says on a terminal how far it is, and everywhere at the end how many records were found. */
class Progress {
  readonly #bytes: number;
  #read = 0;
  #records = 0;
  #toldAtMs = performance.now();

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  add(lines: readonly string[], found: number): void {
    this.#records += lines.length;
    this.#read += lines.reduce((all, line) => all + line.length + 1, 0);
    const nowMs = performance.now();
    if (!process.stderr.isTTY || nowMs - this.#toldAtMs < progressEveryMs) return;
    this.#toldAtMs = nowMs;
    const percent = Math.min(100, Math.floor((this.#read / Math.max(1, this.#bytes)) * 100));
    process.stderr.write(`\r${percent} % of ${inMegabytes(this.#bytes)}, ${found.toLocaleString('en')} found …`);
  }

  end(found: number): void {
    const clear = process.stderr.isTTY ? '\r\u001B[K' : '';
    process.stderr.write(`${clear}${found.toLocaleString('en')} of ${this.#records.toLocaleString('en')} records\n`);
  }
}

function inMegabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000).toLocaleString('en')} MB`;
}
