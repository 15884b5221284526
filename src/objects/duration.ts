/** An ISO 8601 duration without fractions, as policies have it: `P90D`, `P1Y10D`, `PT48H`. */
export interface Duration {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  /** The part that does not depend on the calendar. */
  readonly ms: number;
}

// The number of digits is limited so that the result fits into a `Date`. Something must follow a `P` or a `T`.
const date = '(?:(?<years>\\d{1,4})Y)?(?:(?<months>\\d{1,4})M)?(?:(?<weeks>\\d{1,4})W)?(?:(?<days>\\d{1,5})D)?';
const time = '(?:(?<hours>\\d{1,6})H)?(?:(?<minutes>\\d{1,7})M)?(?:(?<seconds>\\d{1,8})S)?';
const form = new RegExp(`^P(?=.)${date}(?:T(?=.)${time})?$`);

/** `undefined` when the string is not such a duration. */
export function parseDuration(text: string): Duration | undefined {
  const parts = form.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const of = (name: string) => Number(parts[name] ?? 0);
  return {
    years: of('years'),
    months: of('months'),
    days: of('weeks') * 7 + of('days'),
    ms: ((of('hours') * 60 + of('minutes')) * 60 + of('seconds')) * 1000,
  };
}

/**
 * The time that is so much later (`1`) or earlier (`-1`) than `at`, in milliseconds since 1970, by the calendar in UTC.
 * Months have their real length: one month after 31 January is the last day of February.
 */
export function shiftTime(at: number, duration: Duration, direction: 1 | -1): number {
  const moved = new Date(at);
  const month = moved.getUTCMonth() + direction * (duration.years * 12 + duration.months);
  const day = Math.min(moved.getUTCDate(), new Date(Date.UTC(moved.getUTCFullYear(), month + 1, 0)).getUTCDate());
  moved.setUTCFullYear(moved.getUTCFullYear(), month, day);
  return moved.getTime() + direction * (duration.days * 86_400_000 + duration.ms);
}
