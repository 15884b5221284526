/** Deaths of workers, one after another, without one that has served in between. */
export interface DeathRecord {
  readonly inRow: number;
  /** Whether any worker was ever ready. */
  readonly served: boolean;
}

export type AfterDeath =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly record: DeathRecord }
  | { readonly kind: 'giveUp'; readonly deaths: number };

/** Whether the worker that died had been ready, and for how long. */
export type Life = { readonly ready: false } | { readonly ready: true; readonly servedMs: number };

const deathsBeforeReadyMax = 5;
const firstDelayMs = 100;
const delayMaxMs = 5_000;
/** A worker that served for this long starts the count anew. */
const goodServiceMs = 10_000;

export const noDeaths: DeathRecord = { inRow: 0, served: false };

/**
 * What to do when a worker has died. One that served well is replaced at once; deaths in a row wait longer and longer. When
 * none was ever ready the next one would not fare better: then the start is given up. After that what keeps a worker from
 * starting, such as a full disk, may pass, and nobody would start the server again.
 */
export function afterDeath({ inRow: before, served: servedBefore }: DeathRecord, life: Life): AfterDeath {
  const served = servedBefore || life.ready;
  if (life.ready && life.servedMs >= goodServiceMs) {
    return { kind: 'restart', delayMs: 0, record: { inRow: 0, served } };
  }
  const inRow = before + 1;
  if (!served && inRow >= deathsBeforeReadyMax) return { kind: 'giveUp', deaths: inRow };
  // The first death of one that had been ready may well be a single accident.
  const delayMs = life.ready && inRow === 1 ? 0 : Math.min(delayMaxMs, firstDelayMs * 2 ** (inRow - 1));
  return { kind: 'restart', delayMs, record: { inRow, served } };
}
