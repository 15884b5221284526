/**
 * Says aloud that a test was not run, and why. It registers nothing: the line on stderr begins with `NOT RUN:`, so that
 * the test command can collect such lines and nobody takes the silence for success.
 */
export function notRun(name: string, why: string): void {
  process.stderr.write(`NOT RUN: ${name}: ${why}\n`);
}
