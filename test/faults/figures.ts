/** The result of one part of the faults. */
export interface Figures {
  /** Counts of the actions: `rounds`, `acknowledged`. */
  readonly counts: Readonly<Record<string, number>>;
  /** Everything that was lost, torn, repeated, or served although it was damaged. */
  readonly faults: readonly string[];
  /** Why it could not be done on this machine. */
  readonly notRun?: string;
}

export function notRunHere(why: string): Figures {
  return { counts: {}, faults: [], notRun: why };
}

/** One line for all parts. */
export function lineOf(parts: Readonly<Record<string, Figures>>): string {
  const faults = Object.values(parts).reduce((sum, part) => sum + part.faults.length, 0);
  const texts = Object.entries(parts).map(([name, { counts, notRun }]) => {
    const numbers = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
    return `${name}: ${notRun === undefined ? numbers.join(', ') : 'NOT RUN'}`;
  });
  return `faults: ${faults}; ${texts.join('; ')}`;
}
