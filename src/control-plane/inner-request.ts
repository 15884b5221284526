import type { Answer } from '../http/answer.ts';
import type { Store } from '../store/store.ts';
import type { DeploymentAround } from './operation.ts';
import type { Behalf, ArmError } from './long-running/operation.ts';

/** A request that the server makes itself, on somebody's behalf: for a resource of a deployment, or of a group that goes. */
export interface InnerRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** An ARM id: nothing in it is encoded. */
  readonly path: string;
  readonly apiVersion: string;
  readonly body?: unknown;
  readonly deployment?: DeploymentAround;
}

/**
 * Operations from within. They are admitted as if the caller had asked for them: permission for each, an audit record for
 * each, in order with the other changes of the subscription. A refusal is an answer too.
 * @throws {TryLater} when the store or the audit log cannot be written, or too much was changed meanwhile
 */
export interface Inner {
  readonly perform: (behalf: Behalf, request: InnerRequest) => Promise<Answer>;
  /** What `perform` would answer, with the change made in `store` only: one that is laid over the real one. */
  readonly preview: (behalf: Behalf, request: InnerRequest, store: Store) => Promise<Answer>;
  /** Whether there is an operation for that. */
  readonly knows: (request: Pick<InnerRequest, 'method' | 'path'>) => boolean;
}

/** The error of an answer that refuses. */
export function errorOf({ status, body }: Answer): ArmError {
  const error: unknown = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
  if (isError(error)) return error;
  return { code: String(status), message: 'The request failed.' };
}

function isError(value: unknown): value is ArmError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'message' in value &&
    typeof value.message === 'string'
  );
}
