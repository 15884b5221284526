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
  if (!isParameters(query)) return none;
  for (const name in query) {
    if (typeof query[name] !== 'string') throw new Refused(givenTwice(name.slice(0, nameLengthMax)));
  }
  return query;
}

const none = {};

/** What the router parsed is an object without a prototype; whether each value is a string is looked at above. */
function isParameters(query: unknown): query is Readonly<Record<string, string>> {
  return typeof query === 'object' && query !== null;
}
