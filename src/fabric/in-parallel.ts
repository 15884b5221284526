/** Enough to keep every core busy while programs start, and few enough for any limit of processes. */
const atOnce = 4;

/**
 * Does the work for every item, some at a time, and returns the results in order.
 * @throws the first error, and only when nothing is under way any more: what comes next may undo it
 */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const todo = items.entries();
  const go = async (): Promise<void> => {
    for (const [index, item] of todo) results.set(index, await work(item));
  };
  const outcomes = await Promise.allSettled(Array.from({ length: atOnce }, go));
  const failed = outcomes.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return [...results].toSorted(([one], [other]) => one - other).map(([, result]) => result);
}
