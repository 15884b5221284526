import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Given, Options } from '../command.ts';
import { answersIn } from './answers.ts';
import { LineReader, openLogFile, unreadable } from './log-lines.ts';
import type { OpenLogFile } from './log-lines.ts';
import { Output } from './output.ts';
import { questionOptions, readQuestion } from './question.ts';

const lookEveryMs = 200;
const firstLines = 10;
/** How much of the file is looked through for the first lines. */
const backBytes = 1 << 20;

const { since: _since, until: _until, ...options } = questionOptions;

/** The options of a command that prints the end of the log. */
export const tailOptions = options;
export const tailJson = 'as JSON: whole records, a line each, as they are in the log, with control characters escaped';

/** Prints the last records that are asked for, and then each new one if it goes on, until Ctrl-C. */
export async function tail(
  { data = 'postern-data', ...asked }: Options,
  { flags }: Given,
  { goesOn }: { readonly goesOn: boolean },
): Promise<string> {
  const question = readQuestion(asked, Date.now());
  const answers = (lines: readonly string[]) => answersIn(lines, question, { asJson: flags.has('json') });
  await printLast(join(data, 'audit', 'audit.jsonl'), answers, goesOn);
  return '';
}

/**
 * Prints the last answers in the log, and then each new one if it goes on, until the reader has ended.
 * @throws {CommandFailed} when there is no log that this user can read
 */
async function printLast(
  path: string,
  answers: (lines: readonly string[]) => readonly string[],
  goesOn: boolean,
): Promise<void> {
  const output = new Output();
  let file = openOrFail(path);
  let reader = new LineReader(file.descriptor, Math.max(0, file.bytes - backBytes));
  let last: readonly string[] = [];
  for (const lines of partsOf(reader)) last = [...last, ...answers(lines)].slice(-firstLines);
  let isRead = await output.print(last);
  if (!goesOn) {
    // By now it is known whether the lines could be written.
    await output.print([]);
    return;
  }
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
