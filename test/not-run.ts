/**
 * Prints that a test was not run, and why. It registers nothing: the line on stderr begins with `NOT RUN:`, so that the
 * test command can collect such lines and the silence is not mistaken for success.
 */
export function notRun(name: string, why: string): void {
  process.stderr.write(`NOT RUN: ${name}: ${why}\n`);
}
