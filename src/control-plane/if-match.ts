import type { ControlCall, ControlOutcome } from './operation.ts';
import { refuse } from './outcome.ts';

/**
 * What a request's conditions are refused with (RFC 9110 sections 13.1.1 and 13.1.2): `If-Match` wants a state that there
 * is, `*` any, and `If-None-Match: *` none at all. `etag` is that of the current state, `undefined` when there is none.
 */
export function ifMatchRefusal(
  { conditions: { ifMatch, ifNoneMatch }, path }: Pick<ControlCall, 'conditions' | 'path'>,
  etag: string | undefined,
): Extract<ControlOutcome, { ok: false }> | undefined {
  const failed = refuse({ kind: 'preconditionFailed', id: path });
  if (ifMatch !== undefined && !names(ifMatch, etag)) return failed;
  return ifNoneMatch !== undefined && names(ifNoneMatch, etag) ? failed : undefined;
}

function names(condition: string, etag: string | undefined): boolean {
  if (etag === undefined) return false;
  return condition.split(',').some((one) => one.trim() === '*' || one.trim() === etag);
}
