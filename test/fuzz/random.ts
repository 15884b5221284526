/** Numbers that look random but are the same for the same seed, so that an input can be made again. */
export interface Random {
  /** A whole number from 0 to below `count`. */
  readonly below: (count: number) => number;
  /** One of the list, which must not be empty. */
  readonly pick: <T>(list: readonly T[]) => T;
  /** True once in so many times. */
  readonly once: (inSoMany: number) => boolean;
}

/**
 * The numbers for one input of a run (mulberry32, by Tommy Ettinger): each input has its own, independent of earlier
 * inputs.
 */
export function randomOf(seed: number, input: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b)) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number): number => Math.floor(next() * count);
  return {
    below,
    once: (inSoMany) => below(inSoMany) === 0,
    pick<T>(list: readonly T[]): T {
      const [chosen] = list.slice(below(list.length));
      // A list may contain `undefined`, so the type cannot tell whether something was found.
      if (list.length === 0) throw new Error('there is nothing to pick from');
      return chosen as T;
    },
  };
}
