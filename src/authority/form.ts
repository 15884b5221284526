import { refused } from './refusal.ts';

/** The parameters of a token request. Empty ones count as absent (RFC 6749 section 3.2). */
export type Form = ReadonlyMap<string, string>;

export const formBytesMax = 64 * 1024;

/** More than any client sends. A form with many parameters takes tens of milliseconds to parse, and a stranger may send it. */
const parametersMax = 100;

/**
 * Reads `application/x-www-form-urlencoded`. A parameter must not be repeated (RFC 6749 section 3.2).
 * @throws {Refused}
 */
export function parseForm(body: string): Form {
  if (body.split('&', parametersMax + 1).length > parametersMax) {
    throw refused({ kind: 'tooManyParameters', parametersMax });
  }
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body)) {
    if (form.has(name)) throw refused({ kind: 'parameterTwice', name });
    form.set(name, value);
  }
  for (const [name, value] of form) if (value === '') form.delete(name);
  return form;
}
