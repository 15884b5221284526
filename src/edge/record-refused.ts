import type { LogRecord } from '../audit/activity.ts';
import type { Audit } from '../audit/audit.ts';
import type { Caller } from '../types/caller.ts';

/** Writes the records of a request that showed its caller nothing, within the caller's quota. Returns a failure. */
export async function recordRefused(
  audit: Pick<Audit, 'refused'>,
  records: readonly LogRecord[],
  caller: Caller | undefined,
): Promise<{ readonly error: unknown } | undefined> {
  try {
    await Promise.all(records.map((record) => audit.refused(record, caller)));
    return undefined;
  } catch (error) {
    return { error };
  }
}
