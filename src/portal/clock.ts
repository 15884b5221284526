/** Milliseconds since 1970, by the browser's clock. */
export function nowMs(): number {
  return new Date().getTime();
}
