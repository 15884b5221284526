import { Refused } from './edge.ts';

/** How many characters of a parameter's name a refusal repeats. */
const nameLengthMax = 64;

/**
 * The query's parameters by name, as the router parsed them. A parameter that is given twice is a list, which no
 * operation accepts.
 * @throws {Refused} the refusal that `givenTwice` returns
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

/** The router returns an object without a prototype. `queryOrRefuse` checks that each value is a string. */
function isParameters(query: unknown): query is Readonly<Record<string, string>> {
  return typeof query === 'object' && query !== null;
}
