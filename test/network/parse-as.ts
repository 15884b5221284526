/** Reads what the lab's own programs have written. Nobody else wrote it, and what is not there fails an assertion. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever reads says what was written
export function parseAs<T>(text: string): T {
  return JSON.parse(text) as T;
}
