import { duePut } from '../../schedule/due.ts';
import { get, recordPut } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';
import type { Put } from '../../store/store.ts';
import type { CertifiableKey } from '../../types/certificate.ts';
import type { CertificatePolicy, PolicyIssuer } from './policy.ts';
import { certificateKeys, isVisible, objectKeys, refused } from '../object.ts';
import type { DeletedOf, Outcome, VaultScope } from '../object.ts';
import { requireUnchanged } from '../state.ts';
import { isIssued } from './certificate.ts';
import { getDeleted, getVersion } from '../read.ts';

/**
 * An operation that makes a certificate, or fails. There is one for each name, until it is deleted, another begins, or
 * the certificate is purged.
 */
export interface PendingCertificate {
  /** Spelt as the certificate is. */
  readonly name: string;
  readonly requestId: string;
  readonly status: 'inProgress' | 'completed' | 'cancelled' | 'failed';
  readonly cancellationRequested: boolean;
  readonly issuer: PolicyIssuer;
  /** PKCS #10 in DER, base64. */
  readonly csr: string;
  /** Of a failed operation. */
  readonly error?: { readonly code: string; readonly message: string };
  /** When the issuer is done, in milliseconds since 1970; absent for the issuer `Unknown`, which is never done. */
  readonly readyAt?: number;
  /**
   * The parts of the future certificate; absent once it is made. A cancelled or failed operation can still be merged.
   */
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
 * The operation under a certificate's name. It is not found if it has another id than the client asks for, or if the
 * certificate is deleted.
 */
export function* getPending(
  vault: VaultScope,
  asked: { readonly name: string; readonly requestId?: string | undefined },
): Reading<Outcome<PendingCertificate>> {
  const pendingKey = certificateKeys(vault).pending(asked.name);
  const currentKey = objectKeys(vault, 'certificates').current(asked.name);
  const [pending, current] = yield* get(pendingKey, currentKey);
  const value = pending?.value;
  const isSeen = current !== undefined && isVisible(current.value, vault);
  if (value === undefined || !isSeen || (asked.requestId ?? value.requestId) !== value.requestId) {
    return refused({ kind: 'pendingCertificateNotFound', name: asked.name });
  }
  const require = [...vault.require, requireUnchanged(pendingKey, pending), requireUnchanged(currentKey, current)];
  return { ok: true, value, change: { require } };
}

/** Requests that an operation be cancelled, which happens when it is due, or withdraws the request. */
export function* updatePending(
  vault: VaultScope,
  asked: {
    readonly name: string;
    readonly requestId?: string | undefined;
    readonly cancellationRequested: boolean;
    readonly issueMs: number;
  },
): Reading<Outcome<PendingCertificate>> {
  const found = yield* getPending(vault, asked);
  if (!found.ok) return found;
  const before = found.value;
  if (before.status !== 'inProgress') return refused({ kind: 'pendingNotInProgress' });
  const { cancellationRequested } = asked;
  const readyAt = before.readyAt ?? (cancellationRequested ? vault.nowMs + asked.issueMs : undefined);
  const value = { ...before, cancellationRequested, ...(readyAt !== undefined && { readyAt }) };
  return { ok: true, value, change: { ...found.change, put: putPending(vault, value) } };
}

/** An operation as it is stored, with the due record that ends it. */
export function putPending(vault: VaultScope, pending: PendingCertificate): readonly Put[] {
  const { name, status, readyAt } = pending;
  const put = [recordPut(certificateKeys(vault).pending(name), pending)];
  if (status !== 'inProgress' || readyAt === undefined) return put;
  return [...put, duePut('completeCertificate', readyAt, subjectOf(vault, name))];
}

export function subjectOf({ name: vault, incarnation }: VaultScope, name: string) {
  return { vault, incarnation, collection: 'certificates', name } as const;
}

/** Whether there is an operation of a certificate's name, even while the certificate is deleted. */
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

/** Whether it is a first version that is not issued yet; without `version`, the current one. */
export function* isUnissued(
  vault: VaultScope,
  asked: { readonly name: string; readonly version?: string | undefined },
): Reading<boolean> {
  const found = yield* getVersion(vault, 'certificates', asked);
  return found.ok && !isIssued(found.value.current);
}
