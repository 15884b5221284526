/** Reads what the lab's own programs have written. Only they write it, and a missing part fails an assertion. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the reader knows what was written
export function parseAs<T>(text: string): T {
  return JSON.parse(text) as T;
}
