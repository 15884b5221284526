import type { Outcome, Printed } from './command.ts';

/** The output for an outcome, and the exit status. */
export function outputOf(outcome: Outcome, asJson: boolean): Printed {
  if (typeof outcome === 'string') return { output: outcome, exitStatus: 0 };
  if ('output' in outcome) return outcome;
  const { json, text, exitStatus = 0 } = outcome;
  return { output: asJson ? jsonOf(json) : text, exitStatus };
}

/** Characters that a terminal may obey are escaped: names and values come from others. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(/[\u007F-\u009F\p{Cf}\u2028\u2029]/gu, (character) =>
    character
      .split('')
      .map((unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
