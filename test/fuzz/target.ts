/** What takes bytes or text from outside, and how it must behave with any. */
export interface FuzzTarget {
  /** How inputs are changed: as bytes, as DER values, as text, as JSON, or as lines of which the last is JSON. */
  readonly form: 'bytes' | 'der' | 'text' | 'json' | 'request';
  /** Inputs that are valid, from which others are made. The same on every run. */
  readonly samples: () => Sampled | Promise<Sampled>;
  /** What is put into text and names of JSON members: the words that the reader knows. */
  readonly words?: readonly string[];
  /** The processor time that one input may take. */
  readonly mostMs?: number;
}

/** Valid inputs, and what reads one: it throws where something is wrong, and a refusal is not wrong. */
export interface Sampled {
  readonly inputs: readonly Uint8Array[];
  readonly read: (input: Uint8Array) => unknown;
  readonly close?: () => Promise<void>;
}

export function textOf(input: Uint8Array): string {
  return new TextDecoder().decode(input);
}

/** JSON, or `undefined` where it is none. */
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
