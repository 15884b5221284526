/** A reader of bytes or strings from outside, and how it must behave with any input. */
export interface FuzzTarget {
  /** How inputs are changed: as bytes, as DER values, as a string, as JSON, or as lines of which the last is JSON. */
  readonly form: 'bytes' | 'der' | 'text' | 'json' | 'request';
  /** Valid inputs, from which others are made. The same in every run. */
  readonly samples: () => Sampled | Promise<Sampled>;
  /** Words that the reader knows, to be put into strings and names of JSON members. */
  readonly words?: readonly string[];
  /** The most processor time that one input may take. */
  readonly mostMs?: number;
}

/** Valid inputs, and a function that reads one: it throws if something is wrong. A refusal is not wrong. */
export interface Sampled {
  readonly inputs: readonly Uint8Array[];
  readonly read: (input: Uint8Array) => unknown;
  readonly close?: () => Promise<void>;
}

export function textOf(input: Uint8Array): string {
  return new TextDecoder().decode(input);
}

/** JSON, or `undefined` if it is not JSON. */
export function jsonOf(input: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(input));
  } catch {
    return undefined;
  }
}

export function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}
