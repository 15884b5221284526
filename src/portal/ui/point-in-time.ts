/** A point in time as people and as programs read it; `undefined` where no calendar of a browser has it. */
export interface PointInTime {
  readonly shown: string;
  /** ISO 8601. */
  readonly exact: string;
}

/**
 * Reads milliseconds since 1970. A vault keeps every number of seconds as an expiry, as Azure does, and ECMAScript has dates of
 * 100 million days to either side of 1970 (ECMA-262, section "Time Values and Time Range").
 */
export function pointInTime(ms: number, withDate: boolean): PointInTime | undefined {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return undefined;
  const shown = withDate
    ? date.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
    : date.toLocaleTimeString('en-GB');
  return { shown, exact: date.toISOString() };
}
