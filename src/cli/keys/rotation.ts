import { CommandFailed } from '../failed.ts';

/** The ids of the keys, never the keys. */
export interface RotatedKeys {
  /** Empty: the key was in use already. */
  readonly from: readonly string[];
  readonly to: string;
}

/** A rotation in an answer of the supervisor. */
export function rotationIn(answer: ReadonlyMap<string, unknown>): RotatedKeys {
  const [from, to] = [answer.get('from'), answer.get('to')];
  if (Array.isArray(from) && from.every((id) => typeof id === 'string') && typeof to === 'string') return { from, to };
  throw new CommandFailed('The answer of the supervisor cannot be read.', 'Is it of another release?');
}

export function rotatedLine(what: string, { from, to }: RotatedKeys): string {
  if (from.length === 0)
    return `The ${what} is ${to} (an id), which was in use already: an earlier command had not finished.`;
  return `The ${what} ${from.join(', ')} was replaced by ${to} (ids, not keys).`;
}
