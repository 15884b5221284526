import type { ActivityAnswer } from '../../types/activity.ts';

const hourMs = 3_600_000;

/** Requests within the last hour by their vault, whose id is in lower case. */
export function denialsByVault({ value }: Pick<ActivityAnswer, 'value'>, nowMs: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { time, vault, suppressed = 1 } of value) {
    if (Date.parse(time) < nowMs - hourMs) continue;
    const id = vault.id.toLowerCase();
    counts.set(id, (counts.get(id) ?? 0) + suppressed);
  }
  return counts;
}
