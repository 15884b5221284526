import { duePut } from '../schedule/due.ts';
import { decode, encode } from '../store/store.ts';
import type { Put } from '../store/store.ts';
import type { CertifiableKey } from '../types/certificate.ts';
import { asSeen, certificateKeys } from './certificate.ts';
import type { CertificatePolicy, PolicyIssuer } from './certificate-policy.ts';
import { refused } from './object.ts';
import type { Outcome, VaultScope } from './object.ts';
import { isThere } from './transition.ts';
import type { Transition } from './transition.ts';

/**
 * An operation that ends in a certificate, if it does; one for each name, until it is deleted, another one begins, or the
 * certificate is purged.
 */
export interface PendingCertificate {
  /** As the certificate is spelt. */
  readonly name: string;
  readonly requestId: string;
  readonly status: 'inProgress' | 'completed' | 'cancelled' | 'failed';
  readonly cancellationRequested: boolean;
  readonly issuer: PolicyIssuer;
  /** PKCS #10 in DER, base64. */
  readonly csr: string;
  /** Of a failed one. */
  readonly error?: { readonly code: string; readonly message: string };
  /** When the issuer is done, in milliseconds since 1970; absent while it is `Unknown`, who never is. */
  readonly readyAt?: number;
  /** What the certificate is made of; gone when it is made. One that was cancelled or failed may still be merged. */
  readonly draft?: CertificateDraft;
}

export interface CertificateDraft {
  readonly version: string;
  readonly policy: CertificatePolicy;
  readonly material: CertifiableKey;
  readonly enabled?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  readonly preserveCertOrder?: boolean;
}

/**
 * The operation under a certificate's name. One that has another id than the client asks for is not found, nor one whose
 * certificate is deleted.
 */
export async function getPending(
  vault: VaultScope,
  asked: { readonly name: string; readonly requestId?: string | undefined },
): Promise<Outcome<PendingCertificate>> {
  const keys = certificateKeys(vault);
  const get = [keys.pending(asked.name), keys.current(asked.name)];
  const records = await vault.store.read({ require: vault.require, get });
  const [record, current] = records;
  const value = record === undefined ? undefined : decode<PendingCertificate>(record);
  const isSeen = current !== undefined && isThere(decode<Transition>(current), vault);
  if (value === undefined || !isSeen || (asked.requestId ?? value.requestId) !== value.requestId) {
    return refused({ kind: 'pendingCertificateNotFound', name: asked.name });
  }
  const require = [...vault.require, ...get.map((key, index) => asSeen(key, records[index]))];
  return { ok: true, value, change: { require } };
}

/** Asks that an operation be cancelled, which it is when its time comes, or takes that back. */
export async function updatePending(
  vault: VaultScope,
  asked: {
    readonly name: string;
    readonly requestId?: string | undefined;
    readonly cancellationRequested: boolean;
    readonly issueMs: number;
  },
): Promise<Outcome<PendingCertificate>> {
  const found = await getPending(vault, asked);
  if (!found.ok) return found;
  const before = found.value;
  if (before.status !== 'inProgress') return refused({ kind: 'pendingNotInProgress' });
  const { cancellationRequested } = asked;
  const readyAt = before.readyAt ?? (cancellationRequested ? vault.now + asked.issueMs : undefined);
  const value = { ...before, cancellationRequested, ...(readyAt !== undefined && { readyAt }) };
  return { ok: true, value, change: { ...found.change, put: putPending(vault, value) } };
}

/** An operation as it is stored, with the work that ends it. */
export function putPending(vault: VaultScope, pending: PendingCertificate): readonly Put[] {
  const { name, status, readyAt } = pending;
  const put = [{ key: certificateKeys(vault).pending(name), value: encode(pending) }];
  if (status !== 'inProgress' || readyAt === undefined) return put;
  return [...put, duePut('completeCertificate', readyAt, subjectOf(vault, name))];
}

export function subjectOf({ name: vault, incarnation }: VaultScope, name: string) {
  return { vault, incarnation, collection: 'certificates', name } as const;
}
