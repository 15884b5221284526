import type { Verifier } from '../caller/verify.ts';
import type { Store } from '../store/store.ts';

/** What Graph is given. */
export interface GraphWorld {
  readonly store: Store;
  readonly verifier: Verifier;
  /** The tenant whose directory this is: a GUID in lower case. */
  readonly tenantId: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A new random GUID. */
  readonly newId: () => string;
  readonly logError: (error: unknown, requestId: string) => void;
}
