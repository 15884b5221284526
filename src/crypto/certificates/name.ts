import type { Outcome } from './refusal.ts';

/** The DER of an X.500 name written as RFC 4514 writes it; use it to check a subject. */
export function encodeName(_text: string): Outcome<Uint8Array> {
  throw new Error('not built yet');
}
