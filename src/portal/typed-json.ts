/**
 * Reads JSON that the server of this page, or the page itself, wrote. They are of one release, so what they document is taken
 * as typed; nothing else is read so.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the documented type
export function typedJson<T>(json: string): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return JSON.parse(json) as T;
}
