import type { EventData } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { relative } from 'node:path';
import { inspect } from 'node:util';

type TestFail = EventData.TestFail;

/** The line on standard error of a test that cannot run on this machine (`test/not-run.ts`). */
const notRun = /^.*NOT RUN: .*$/gm;

/** The reasons for which a test fails without a fault of its own. */
const consequences: ReadonlySet<string> = new Set(['subtestsFailed', 'cancelledByParent']);

/** The end of the report, when all tests have run. */
export interface Closing {
  /** For information. */
  readonly lines: readonly string[];
  /** Warnings. */
  readonly remarks: readonly string[];
}

/**
 * Reports the progress of a test run: a line for each file, then every failure in full, what `close` returns and which
 * tests did not run, and at the very end the runner's own summary.
 */
export async function* report(source: AsyncIterable<TestEvent>, close: () => Closing): AsyncGenerator<string, void> {
  const output = new Map<string, string>();
  const failures: TestFail[] = [];
  const summary: string[] = [];
  for await (const event of source) {
    switch (event.type) {
      case 'test:stdout':
      case 'test:stderr':
        output.set(event.data.file, (output.get(event.data.file) ?? '') + event.data.message);
        break;
      case 'test:fail':
        // Skips what failed because of its tests, its suite or its hook: those report the reason.
        if (!isConsequence(event.data.details.error)) failures.push(event.data);
        break;
      case 'test:summary':
        if (event.data.file !== undefined) yield lineOfFile(event.data, event.data.file);
        break;
      case 'test:diagnostic':
        if (event.data.nesting === 0) summary.push(`ℹ ${event.data.message}\n`);
        break;
      default:
        break;
    }
  }
  yield* failures.map((failure) => describeFailure(failure));
  for (const file of new Set(failures.map((failure) => failure.file ?? ''))) {
    const said = output.get(file);
    if (said !== undefined) yield `\n✖ ${name(file)} wrote:\n${indent(said)}\n`;
  }
  const missed = [...output.values()].flatMap((said) => said.match(notRun) ?? []);
  const { lines, remarks } = close();
  yield `\n${lines.map((line) => `${line}\n`).join('')}`;
  yield loud([...remarks, ...new Set(missed)]);
  yield summary.join('');
}

function lineOfFile({ success, counts, duration_ms: ms }: EventData.TestSummary, file: string): string {
  return `${success ? '✔' : '✖'} ${name(file)} (${counts.tests} tests, ${(ms / 1000).toFixed(1)} s)\n`;
}

function isConsequence(error: Error): boolean {
  return 'failureType' in error && typeof error.failureType === 'string' && consequences.has(error.failureType);
}

function describeFailure({ name: title, file, line, details }: TestFail): string {
  const place = file === undefined ? '' : ` (${name(file)}:${line ?? 0})`;
  return `\n✖ ${title}${place}\n${indent(inspect(details.error.cause ?? details.error, { depth: 8 }))}\n`;
}

function loud(remarks: readonly string[]): string {
  if (remarks.length === 0) return '\n';
  const line = '!'.repeat(100);
  return `\n${line}\n${remarks.map((remark) => `!! ${remark.trim()}\n`).join('')}${line}\n\n`;
}

function name(file: string): string {
  return relative('', file);
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '  ');
}
