import type { Value } from '../value.ts';
import { integer, mismatch, string } from './function.ts';
import type { CallContext, Functions } from './function.ts';

/** The supported specifiers of .NET's date formats, with what each writes (in UTC). */
const specifiers: Readonly<Record<string, (date: Date) => string>> = {
  yyyy: (date) => String(date.getUTCFullYear()).padStart(4, '0'),
  yy: (date) => two(date.getUTCFullYear() % 100),
  MM: (date) => two(date.getUTCMonth() + 1),
  M: (date) => String(date.getUTCMonth() + 1),
  dd: (date) => two(date.getUTCDate()),
  d: (date) => String(date.getUTCDate()),
  HH: (date) => two(date.getUTCHours()),
  mm: (date) => two(date.getUTCMinutes()),
  ss: (date) => two(date.getUTCSeconds()),
  fff: (date) => String(date.getUTCMilliseconds()).padStart(3, '0'),
};

/** A specifier, characters that are copied, or an unsupported character. */
const formatPart = /yyyy|yy|MM|M|dd|d|HH|mm|ss|fff|([^A-Za-z%\\'"]+|[TZ])|[^]/g;

/** .NET's standard formats, of one letter. */
const standard: ReadonlyMap<string, string> = new Map([
  ['d', 'MM/dd/yyyy'],
  ['s', 'yyyy-MM-ddTHH:mm:ss'],
  ['u', 'yyyy-MM-dd HH:mm:ssZ'],
]);

/** Dates, durations and their formats are short; a regular expression could take long with a long one. */
const lengthMax = 128;

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function writeDate(date: Date, format: string, call: CallContext): string {
  if (format.length > lengthMax) mismatch(call, `the date format is longer than ${lengthMax} characters`);
  return (standard.get(format) ?? format).replaceAll(formatPart, (found, literal?: string) => {
    if (literal !== undefined) return literal;
    const known = 'yyyy, yy, MM, M, dd, d, HH, mm, ss, fff, T, Z and punctuation';
    const write =
      specifiers[found] ??
      mismatch(call, `the date format '${format}' has an unsupported specifier; supported: ${known}`);
    return write(date);
  });
}

/** The default format of `utcNow`. */
const compact = 'yyyyMMddTHHmmssZ';

function readDate(given: string, call: CallContext): Date {
  if (given.length > lengthMax) mismatch(call, `a date has at most ${lengthMax} characters`);
  const basic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(given);
  const iso = basic === null ? given : `${basic.slice(1, 4).join('-')}T${basic.slice(4, 7).join(':')}Z`;
  const date = new Date(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/.test(iso) ? iso.replace(' ', 'T') : iso);
  return Number.isNaN(date.getTime()) ? mismatch(call, `'${given.slice(0, 64)}' is not a date`) : date;
}

/** Adds a duration (ISO 8601): years and months by the calendar, the rest by the clock. */
function dateTimeAdd(given: readonly Value[], call: CallContext): string {
  const base = readDate(string(given, 0, call), call);
  const duration = string(given, 1, call);
  if (duration.length > lengthMax) mismatch(call, `a duration has at most ${lengthMax} characters`);
  const parts = /^(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(
    duration,
  );
  if (parts === null || duration.endsWith('P') || duration.endsWith('T')) {
    return mismatch(call, `'${duration.slice(0, 64)}' is not a duration such as P3D or -PT1H`);
  }
  const sign = parts[1] === '-' ? -1 : 1;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
    .slice(2)
    .map((part: string | undefined) => sign * Number(part ?? 0));
  const day = base.getUTCDate();
  base.setUTCDate(1);
  base.setUTCMonth(base.getUTCMonth() + months + 12 * years);
  const lastDay = new Date(Date.UTC(base.getUTCFullYear(), base.getUTCMonth() + 1, 0)).getUTCDate();
  base.setUTCDate(Math.min(day, lastDay));
  const ms = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1000;
  const sum = new Date(base.getTime() + ms);
  if (Number.isNaN(sum.getTime())) return mismatch(call, 'the sum is not a valid date');
  return writeDate(sum, given.length > 2 ? string(given, 2, call) : compact, call);
}

function utcNow(given: readonly Value[], call: CallContext): string {
  if (!call.frame.inDefault) mismatch(call, 'it can only be used in the default value of a parameter');
  return writeDate(new Date(call.frame.scope.now), given.length > 0 ? string(given, 0, call) : compact, call);
}

export const dates: Functions = {
  utcNow: { arity: [0, 1], run: utcNow },
  newGuid: {
    arity: [0, 0],
    run: (_, call) =>
      call.frame.inDefault
        ? call.frame.scope.newId()
        : mismatch(call, 'it can only be used in the default value of a parameter'),
  },
  dateTimeAdd: { arity: [2, 3], run: dateTimeAdd },
  dateTimeToEpoch: {
    arity: [1, 1],
    run: (given, call) => Math.trunc(readDate(string(given, 0, call), call).getTime() / 1000),
  },
  dateTimeFromEpoch: {
    arity: [1, 1],
    run: (given, call) => {
      const date = new Date(integer(given, 0, call) * 1000);
      return Number.isNaN(date.getTime())
        ? mismatch(call, 'it is not a valid date')
        : date.toISOString().replace('.000Z', 'Z');
    },
  },
};
