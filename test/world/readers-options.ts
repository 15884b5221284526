/**
 * The readers of a server in a test, where `npm run readers` runs the test: a variable says how many. What is refused with
 * readers is started without them, and named.
 */
import { basename } from 'node:path';
import { notRun } from '../not-run.ts';

/** How many readers each server of a test has. */
export const readersVariable = 'POSTERN_TEST_READERS';

/** Settings that exclude readers (`settings/readers-config.ts`), or that already have them. */
const excluding: ReadonlySet<string> = new Set(['--readers', '--memory', '--store']);

/** The options of `postern start` for them, beside the others of the test. */
export function readersOptions(others: readonly string[]): readonly string[] {
  const count = process.env[readersVariable];
  if (count === undefined) return [];
  const found = others.find((option) => excluding.has(option));
  if (found === undefined) return ['--readers', count];
  withoutReaders(`a server has ${found}`);
  return [];
}

const said = new Set<string>();

/** Says once in a file why a server of it is started without readers. */
export function withoutReaders(why: string): void {
  if (said.has(why)) return;
  said.add(why);
  notRun(`readers in ${basename(process.argv[1] ?? '')}`, why);
}
