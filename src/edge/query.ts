import { Refused } from './edge.ts';

/** The start of a parameter's name, for a refusal that gives it back. */
const nameLengthMax = 64;

/**
 * The query's parameters by name, as the router parsed them: one that is given twice is a list, and none of ours means
 * anything twice.
 * @throws {Refused} what the edge says of a parameter that is given more than once
 */
export function queryOrRefuse(
  query: unknown,
  givenTwice: (name: string) => { readonly kind: string },
): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(typeof query === 'object' && query !== null ? query : {})) {
    if (typeof value !== 'string') throw new Refused(givenTwice(name.slice(0, nameLengthMax)));
    values[name] = value;
  }
  return values;
}
