import type { Answer } from '../http/answer.ts';
import type { Store } from '../store/store.ts';
import type { SecretAsked, SecretRead } from '../types/secret-reference.ts';
import type { Allowance } from '../templates/budget.ts';
import type { Evaluate } from './deployments/evaluations.ts';
import type { LongRunning } from './long-running/long-running.ts';
import type { Behalf } from './long-running/operation.ts';

/** A request that the server makes itself, on somebody's behalf: for a resource of a deployment, or of a group that goes. */
export interface InnerRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** An ARM id: nothing in it is encoded. */
  readonly path: string;
  readonly apiVersion: string;
  readonly body?: unknown;
  /** Takes out of a text what no record may hold. */
  readonly mask?: (text: string) => string;
  /** What the deployment that it belongs to may still cost. */
  readonly allowance?: Allowance;
}

/**
 * Operations from within. They are admitted as if the caller had asked for them: permission for each, an audit record for
 * each, in turn with the other changes of the subscription. A refusal is an answer too.
 * @throws {TryLater} when the store or the audit log cannot be written, or too much was changed meanwhile
 */
export interface Inner {
  readonly perform: (behalf: Behalf, request: InnerRequest) => Promise<Answer>;
  /** What `perform` would answer, with the change made in `store` only: one that is laid over the real one. */
  readonly preview: (behalf: Behalf, request: InnerRequest, store: Store) => Promise<Answer>;
  /** Whether there is an operation for that. */
  readonly knows: (request: Pick<InnerRequest, 'method' | 'path'>) => boolean;
}

/** What an operation is given that asks others, or goes on after its answer. */
export interface Within {
  readonly behalf: Behalf;
  /** Without the requirements of the request: it is long answered when this is used. */
  readonly store: Store;
  readonly inner: Inner;
  readonly longRunning: Pick<LongRunning, 'settled' | 'closing'>;
  readonly readSecret: (asked: SecretAsked) => Promise<SecretRead>;
  /** Takes out of a text what nothing that is stored or answered may hold. */
  readonly mask: ((text: string) => string) | undefined;
  /** What the deployment around this one may still cost; `undefined` where there is none. */
  readonly allowance: Allowance | undefined;
  readonly evaluate: Evaluate;
  /** Milliseconds since 1970, each time that it is asked. */
  readonly clock: () => number;
}
