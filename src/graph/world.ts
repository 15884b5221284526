import type { Socket } from 'node:net';
import type { Audit } from '../audit/audit.ts';
import type { Verifier } from '../caller/verify.ts';
import type { Store } from '../store/store.ts';
import type { Source } from '../types/source.ts';

/** What Graph is given. */
export interface GraphWorld {
  readonly store: Store;
  readonly verifier: Verifier;
  readonly audit: Audit;
  /** What the ingress proved about where a connection came from. */
  readonly sourceOf: (socket: Socket) => Source;
  /** The tenant whose directory this is: a GUID in lower case. */
  readonly tenantId: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A new random GUID. */
  readonly newId: () => string;
  readonly logError: (error: unknown, requestId: string) => void;
}
