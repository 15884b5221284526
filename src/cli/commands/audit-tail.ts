import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answersIn } from '../audit/answers.ts';
import { LineReader, openLogFile, unreadable } from '../audit/log-lines.ts';
import type { OpenLogFile } from '../audit/log-lines.ts';
import { Output } from '../audit/output.ts';
import { questionOptions, readQuestion } from '../audit/question.ts';
import type { Command } from '../command.ts';

const lookEveryMs = 200;
const firstLines = 10;
/** How much of the file is looked through for the first lines. */
const backBytes = 1 << 20;
const { since: _since, until: _until, ...tailOptions } = questionOptions;

export const auditTail: Command = {
  name: 'audit tail',
  synopsis:
    'Prints the last ten records of the audit log that all options agree on, and then each new one, until Ctrl-C.',
  options: tailOptions,
  required: [],
  flags: { json: 'as JSON: whole records, a line each, as they are in the log, with control characters escaped' },
  async run({ data = 'postern-data', ...options }, { flags }) {
    const question = readQuestion(options, Date.now());
    const answers = (lines: readonly string[]) => answersIn(lines, question, { asJson: flags.has('json') });
    await follow(join(data, 'audit', 'audit.jsonl'), answers);
    return '';
  },
};

/** Prints the last answers in the log and then each new one, until the reader has ended. */
async function follow(path: string, answers: (lines: readonly string[]) => readonly string[]): Promise<void> {
  const output = new Output();
  let file = openOrFail(path);
  let reader = new LineReader(file.descriptor, Math.max(0, file.bytes - backBytes));
  let last: readonly string[] = [];
  for (const lines of partsOf(reader)) last = [...last, ...answers(lines)].slice(-firstLines);
  let isRead = await output.print(last);
  while (isRead) {
    for (const lines of partsOf(reader)) isRead = await output.print(answers(lines));
    await sleep(lookEveryMs);
    const now = look(path);
    if (now === undefined) continue;
    if (now.inode === file.inode && now.bytes >= reader.position) {
      closeSync(now.descriptor);
      continue;
    }
    // It was put aside, after what was read of it just now, or cut.
    for (const lines of partsOf(reader)) await output.print(answers(lines));
    closeSync(file.descriptor);
    [file, reader] = [now, new LineReader(now.descriptor)];
  }
}

function* partsOf(reader: LineReader): Generator<readonly string[]> {
  for (let lines = reader.next(); lines !== undefined; lines = reader.next()) yield lines;
}

function look(path: string): OpenLogFile | undefined {
  try {
    return openLogFile(path);
  } catch {
    // Between two names it is not there for a moment.
    return undefined;
  }
}

function openOrFail(path: string): OpenLogFile {
  try {
    return openLogFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}
