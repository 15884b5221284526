import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answersIn } from '../audit/answers.ts';
import { LineReader, openLogFile, unreadable } from '../audit/log-lines.ts';
import type { OpenLogFile } from '../audit/log-lines.ts';
import { endQuietlyWithPipe, printLines } from '../audit/output.ts';
import { questionOptions, readQuestion } from '../audit/question.ts';
import type { Question } from '../audit/question.ts';
import type { Command } from '../command.ts';

const lookEveryMs = 200;
/** How much of the file is looked through for the first lines. */
const backBytes = 1 << 20;
const { since: _since, until: _until, ...tailOptions } = questionOptions;

export const auditTail: Command = {
  name: 'audit tail',
  synopsis:
    'Prints the last ten records of the audit log that all options agree on, and then each new one, until Ctrl-C.',
  options: tailOptions,
  required: [],
  flags: { json: 'whole records, as they are in the log' },
  async run({ data = 'postern-data', ...options }, { flags }) {
    const question = readQuestion(options, Date.now());
    const path = join(data, 'audit', 'audit.jsonl');
    endQuietlyWithPipe();
    return follow(path, question, { asJson: flags.has('json') });
  },
};

async function follow(path: string, question: Question, form: { readonly asJson: boolean }): Promise<string> {
  let file = openOrFail(path);
  let reader = new LineReader(file.descriptor, Math.max(0, file.bytes - backBytes));
  let isFirst = true;
  for (;;) {
    const answers: string[] = [];
    for (let lines = reader.next(); lines !== undefined; lines = reader.next()) {
      answers.push(...answersIn(lines, question, form));
    }
    if (!(await printLines(isFirst ? answers.slice(-10) : answers))) return '';
    isFirst = false;
    await sleep(lookEveryMs);
    const now = look(path);
    if (now === undefined) continue;
    if (now.inode === file.inode && now.bytes >= reader.position) {
      closeSync(now.descriptor);
      continue;
    }
    // It was put aside, after what was read of it just now, or cut.
    for (let lines = reader.next(); lines !== undefined; lines = reader.next()) {
      await printLines(answersIn(lines, question, form));
    }
    closeSync(file.descriptor);
    [file, reader] = [now, new LineReader(now.descriptor)];
  }
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
