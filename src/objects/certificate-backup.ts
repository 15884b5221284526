import { restoreObject } from './backup.ts';
import { putActions } from './certificate-actions.ts';
import type { CertificateRecord, CurrentCertificate } from './certificate.ts';
import { readKeyType } from './key-type.ts';
import type { Outcome, VaultScope } from './object.ts';

/**
 * Puts the certificate of a backup back with its key and its secret, if the vault may have keys of its type, and goes on
 * with what is yet to come in its life.
 */
export async function restoreCertificate(vault: VaultScope, blob: string): Promise<Outcome<CertificateRecord>> {
  const restored = await restoreObject<CurrentCertificate>(vault, 'certificates', blob);
  if (!restored.ok) return restored;
  const kty = readKeyType(restored.value.current.policy.key.kty, vault);
  if (!kty.ok) return kty;
  const put = [...(restored.change?.put ?? []), ...putActions(vault, restored.value)];
  return { ...restored, change: { ...restored.change, put } };
}
