/** The deaths of workers in a row, without one in between that served long enough. */
export interface DeathRecord {
  readonly inRow: number;
  /** Whether any worker was ever ready. */
  readonly served: boolean;
}

export type AfterDeath =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly record: DeathRecord }
  | { readonly kind: 'giveUp'; readonly deaths: number };

/** Whether the worker that died had been ready, and how long it served. */
export type Life = { readonly ready: false } | { readonly ready: true; readonly servedMs: number };

const deathsBeforeReadyMax = 5;
const firstDelayMs = 100;
const delayMaxMs = 5_000;
/** After a worker that served for this long, the count starts again. */
const goodServiceMs = 10_000;

export const noDeaths: DeathRecord = { inRow: 0, served: false };

/**
 * Decides what to do after a worker died. One that served well is replaced at once; after deaths in a row the delay grows.
 * If no worker was ever ready, the next one would fail too, so the start is given up. Otherwise the server goes on trying: the
 * cause, such as a full disk, may pass, and there may be no one to start the server again.
 */
export function afterDeath({ inRow: before, served: servedBefore }: DeathRecord, life: Life): AfterDeath {
  const served = servedBefore || life.ready;
  if (life.ready && life.servedMs >= goodServiceMs) {
    return { kind: 'restart', delayMs: 0, record: { inRow: 0, served } };
  }
  const inRow = before + 1;
  if (!served && inRow >= deathsBeforeReadyMax) return { kind: 'giveUp', deaths: inRow };
  // The first death of a worker that was ready may be a single accident.
  const delayMs = life.ready && inRow === 1 ? 0 : Math.min(delayMaxMs, firstDelayMs * 2 ** (inRow - 1));
  return { kind: 'restart', delayMs, record: { inRow, served } };
}
