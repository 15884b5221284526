/**
 * Which of a list were taken, as counts in turn: so many passed over, so many taken, so many passed over. Most parts of
 * the log have few runs, so this is much shorter than the places.
 */
export function runsOf<T>(all: readonly T[], taken: readonly T[]): number[] {
  const chosen = new Set(taken);
  const runs = [0];
  for (const one of all) {
    const isTakenRun = runs.length % 2 === 0;
    if (chosen.has(one) !== isTakenRun) runs.push(0);
    runs[runs.length - 1] = (runs.at(-1) ?? 0) + 1;
  }
  return runs;
}

/** The taken ones of the same list. */
export function takenBy<T>(all: readonly T[], runs: readonly number[]): readonly T[] {
  let from = 0;
  return runs.flatMap((length, index) => {
    const run = all.slice(from, from + length);
    from += length;
    return index % 2 === 0 ? [] : run;
  });
}
