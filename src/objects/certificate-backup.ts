import { restoreObject } from './backup.ts';
import { putActions } from './certificate-actions.ts';
import type { Reading } from '../store/reading.ts';
import type { CertificateRecord } from './certificate.ts';
import { readKeyType } from './key-type.ts';
import type { Outcome, VaultScope } from './object.ts';

/**
 * Puts the certificate of a backup back with its key and its secret, if the vault may have keys of its type, and goes on
 * with what is yet to come in its life.
 */
export function* restoreCertificate(vault: VaultScope, blob: string): Reading<Outcome<CertificateRecord>> {
  const restored = yield* restoreObject(vault, 'certificates', blob);
  if (!restored.ok) return restored;
  const kty = readKeyType(restored.value.current.policy.key.kty, vault);
  if (!kty.ok) return kty;
  const put = [...(restored.change?.put ?? []), ...putActions(vault, restored.value)];
  return { ...restored, change: { ...restored.change, put } };
}
