import type { Answer } from '../http/answer.ts';
import type { ArmError } from './long-running/operation.ts';

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
