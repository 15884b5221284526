import { get } from '../store/reading.ts';
import type { Reading } from '../store/reading.ts';
import { isIssued } from './certificate.ts';
import type { CertificateVersion } from './certificate.ts';
import type { ObjectRecord, VaultScope } from './object.ts';
import { certificateKeys } from './object-keys.ts';
import { getVersion } from './read.ts';
import type { Page } from './read.ts';

/** Whether there is an operation of a certificate's name, also while that is deleted. */
export function* hasPending(vault: VaultScope, name: string): Reading<boolean> {
  const [pending] = yield* get(certificateKeys(vault).pending(name));
  return pending !== undefined;
}

/** Whether it is a first version that is not issued yet; without `version` the current one. */
export function* isIntended(
  vault: VaultScope,
  asked: { readonly name: string; readonly version?: string | undefined },
): Reading<boolean> {
  const found = yield* getVersion(vault, 'certificates', asked);
  return found.ok && !isIssued(found.value.current);
}

/** A page without those that are not issued yet, unless they are asked for. It may be shorter than others, or empty. */
export function issuedOnly<T extends ObjectRecord<CertificateVersion>>(
  page: Page<T>,
  includePending: boolean,
): Page<T> {
  return includePending ? page : { ...page, items: page.items.filter(({ current }) => isIssued(current)) };
}
