import type { LineHead } from './line-head.ts';

/** The container of the category `AuditEvent`. */
export const container = 'insights-logs-auditevent';

const suffix = '.json';

/**
 * The blob of a record, as Azure names it: by resource and hour (howto-logging.md, "Access your logs"). Its minutes are
 * always `00`.
 */
export function blobName({ resourceId, time }: Pick<LineHead, 'resourceId' | 'time'>): string {
  const [year = '', month = '', day = '', hour = ''] = time.split(/[-T:]/);
  return `resourceId=${resourceId}/y=${year}/m=${month}/d=${day}/h=${hour}/m=00/PT1H${suffix}`;
}

/** Ours: where an hour has more blocks than an append blob can have, it goes on in `PT1H_2.json`. */
export function blobPart(name: string, part: number): string {
  return part === 1 ? name : `${name.slice(0, -suffix.length)}_${part}${suffix}`;
}
