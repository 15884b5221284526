/** The value that a string has in JSON, for a shape to read; `undefined`: it is not JSON. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
