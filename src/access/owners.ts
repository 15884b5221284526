import type { Caller } from '../types/caller.ts';

/** Whether the caller is an owner of the subscription and may do everything in it; `by` says through which object id. */
export function authorizeOwner(
  owners: readonly string[],
  caller: Caller,
): { readonly allowed: true; readonly by: string } | { readonly allowed: false } {
  const by = [caller.objectId, ...caller.groups].find((id) => owners.includes(id.toLowerCase()));
  return by === undefined ? { allowed: false } : { allowed: true, by };
}
