import { get } from '../store/reading.ts';
import type { Reading } from '../store/reading.ts';
import { isIssued } from './certificate.ts';
import type { Outcome, VaultScope } from './object.ts';
import { certificateKeys } from './object-keys.ts';
import type { DeletedOf } from './object-keys.ts';
import { getDeleted, getVersion } from './read.ts';

/** Whether there is an operation of a certificate's name, also while that is deleted. */
export function* hasPending(vault: VaultScope, name: string): Reading<boolean> {
  const [pending] = yield* get(certificateKeys(vault).pending(name));
  return pending !== undefined;
}

/** A soft-deleted certificate, and whether there is an operation of its name. */
export function* getDeletedCertificate(
  vault: VaultScope,
  name: string,
): Reading<Outcome<DeletedOf<'certificates'> & { readonly isPending: boolean }>> {
  const deleted = yield* getDeleted(vault, 'certificates', name);
  if (!deleted.ok) return deleted;
  return { ok: true, value: { ...deleted.value, isPending: yield* hasPending(vault, name) } };
}

/** Whether it is a first version that is not issued yet; without `version` the current one. */
export function* isIntended(
  vault: VaultScope,
  asked: { readonly name: string; readonly version?: string | undefined },
): Reading<boolean> {
  const found = yield* getVersion(vault, 'certificates', asked);
  return found.ok && !isIssued(found.value.current);
}
