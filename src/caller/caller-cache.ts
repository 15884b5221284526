import { hash } from 'node:crypto';
import { BoundedMap } from '../shares/bounded-map.ts';
import type { Caller } from '../types/caller.ts';

/**
 * Verified callers by the SHA-256 digest of their token: a look-up costs one digest, no bearer token is kept in memory,
 * and nothing that failed verification ever gets in. At most `size` entries; the one unused longest goes first.
 */
export class CallerCache {
  readonly #callers: BoundedMap<string, Caller>;
  #generation = 0;

  constructor(size: number) {
    this.#callers = new BoundedMap(size);
  }

  /** Counts the `drop`s: whoever began to verify before one must not put the result in after it. */
  get generation(): number {
    return this.#generation;
  }

  /** `nowMs` in milliseconds since 1970: an expired token is forgotten. */
  get(token: string, nowMs: number): Caller | undefined {
    const digest = digestOf(token);
    const caller = this.#callers.get(digest);
    if (caller === undefined) return undefined;
    if (hasExpired(caller, nowMs)) {
      this.#callers.delete(digest);
      return undefined;
    }
    this.#callers.set(digest, caller);
    return caller;
  }

  put(token: string, caller: Caller, when: { readonly generation: number; readonly nowMs: number }): void {
    if (when.generation !== this.#generation || hasExpired(caller, when.nowMs)) return;
    this.#callers.set(digestOf(token), caller);
  }

  drop(): void {
    this.#generation += 1;
    this.#callers.clear();
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

function hasExpired(caller: Caller, nowMs: number): boolean {
  return caller.expiresAt * 1000 <= nowMs;
}
