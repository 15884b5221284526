import { isDate } from 'node:util/types';

/** The last time that a server's clock may have: tokens and certificates end later, and must end before the year 10000. */
const lastMs = Date.UTC(9000, 0);

const span = 'a time from 1970-01-01 to 9000-01-01';

/**
 * Checks the option `clock`.
 * @throws {TypeError} for what is not a `Date` within the bounds
 */
export function checkClock(clock: Date): void {
  const isWithin = isDate(clock) && clock.getTime() >= 0 && clock.getTime() <= lastMs;
  if (!isWithin) throw new TypeError(`startPostern: clock: ${String(clock)} must be a Date with ${span}.`);
}

/**
 * Checks how far a clock is to be moved.
 * @throws {RangeError} for another number than one of whole milliseconds that stays within the bounds
 */
export function checkAdvance(ms: number, nowMs: number): void {
  if (!Number.isSafeInteger(ms) || ms < 0) {
    throw new RangeError(`advance(${ms}): the clock moves forward by a whole number of milliseconds.`);
  }
  if (nowMs + ms > lastMs) throw new RangeError(`advance(${ms}): the clock must stay at ${span}.`);
}
