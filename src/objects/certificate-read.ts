import { certificateKeys, isIssued } from './certificate.ts';
import type { CertificateRecord, CertificateVersion } from './certificate.ts';
import type { Outcome, VaultScope } from './object.ts';
import { getVersion } from './read.ts';
import type { Page } from './read.ts';

/** One version of a certificate, and whether there is an operation of its name; without `version` the current one. */
export async function getCertificate(
  vault: VaultScope,
  asked: { readonly name: string; readonly version?: string | undefined },
): Promise<Outcome<{ readonly certificate: CertificateRecord; readonly isPending: boolean }>> {
  const found = await getVersion<CertificateVersion>(vault, 'certificates', asked);
  if (!found.ok) return found;
  const [pending] = await vault.store.read({
    require: vault.require,
    get: [certificateKeys(vault).pending(asked.name)],
  });
  return { ok: true, value: { certificate: found.value, isPending: pending !== undefined } };
}

/** A page without those that are not issued yet, unless they are asked for. It may be shorter than others, or empty. */
export function issuedOnly<T extends CertificateRecord>(page: Page<T>, includePending: boolean): Page<T> {
  return includePending ? page : { ...page, items: page.items.filter(({ current }) => isIssued(current)) };
}
