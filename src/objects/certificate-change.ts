import { decode, together } from '../store/store.ts';
import type { Put, StoredRecord, Transaction } from '../store/store.ts';
import { putActions } from './certificate-actions.ts';
import { asSeen, certificateKeys, isCurrent, updateCertificateVersion } from './certificate.ts';
import type { CertificateRecord, CertificateVersion, CurrentCertificate } from './certificate.ts';
import { putPending } from './certificate-pending.ts';
import type { PendingCertificate } from './certificate-pending.ts';
import type { PolicyParameters } from './certificate-policy.ts';
import { policyFrom } from './certificate-policy-rules.ts';
import { changeVersion, deleteObject, purgeDeleted, recoverDeleted } from './change.ts';
import { certificateState, checkName } from './certificate-state.ts';
import { objectKeys, refused } from './object.ts';
import type { DeletedObjectRecord, ObjectRecord, ObjectVersion, Outcome, VaultScope } from './object.ts';
import type { ObjectParameters } from './parameters.ts';
import { dueOfObject, scheduledPurgeKey } from './purge.ts';

/** A certificate's key and secret go where it goes. */
const parts = ['keys', 'secrets'] as const;

/**
 * Changes what is said of one version, and of its key and secret; without `version` of the current one. A policy is the
 * certificate's, whichever version it is sent with. `now` in seconds.
 */
export async function updateCertificate(
  vault: VaultScope,
  asked: {
    readonly name: string;
    readonly version?: string | undefined;
    readonly parameters: ObjectParameters;
    readonly policy?: PolicyParameters | undefined;
    readonly now: number;
  },
): Promise<Outcome<ObjectRecord<CertificateVersion>>> {
  const { name, version, parameters, policy, now } = asked;
  const changed = await changeVersion<CertificateVersion>(vault, 'certificates', {
    name,
    version,
    change(before) {
      const facts = updateCertificateVersion(before, parameters, now);
      if (!facts.ok || policy === undefined || !isCurrent(facts.value)) return facts;
      return withPolicy(vault, facts.value, { policy, now });
    },
  });
  if (!changed.ok) return changed;
  const { name: spelt, current } = changed.value;
  const { attributes, tags, cer } = current;
  const changes = [changed.change];
  for (const collection of cer === undefined ? [] : parts) {
    const part = await changeVersion<ObjectVersion>(vault, collection, {
      name,
      version: current.version,
      change: (before) => ({ ok: true, value: { ...before, attributes, ...(tags !== undefined && { tags }) } }),
    });
    if (!part.ok) return part;
    changes.push(part.change);
  }
  if (isCurrent(current)) {
    changes.push({ put: putActions(vault, { name: spelt, current }) });
  } else if (policy !== undefined) {
    const updated = await updatePolicy(vault, { name, policy, now });
    if (!updated.ok) return updated;
    changes.push(updated.change);
  }
  return { ...changed, change: together(...changes) };
}

/** Changes what is mentioned of a certificate's policy. `now` in seconds. */
export async function updatePolicy(
  vault: VaultScope,
  asked: { readonly name: string; readonly policy: PolicyParameters; readonly now: number },
): Promise<Outcome<CertificateRecord>> {
  const changed = await changeVersion<CurrentCertificate>(vault, 'certificates', {
    name: asked.name,
    change: (before) => withPolicy(vault, before, asked),
  });
  if (!changed.ok) return changed;
  return { ...changed, change: together(changed.change, { put: putActions(vault, changed.value) }) };
}

function withPolicy(
  vault: VaultScope,
  before: CurrentCertificate,
  { policy, now }: { readonly policy: PolicyParameters; readonly now: number },
): Outcome<CurrentCertificate> {
  const after = policyFrom(vault, policy, { before: before.policy, now });
  return after.ok ? { ok: true, value: { ...before, policy: after.value } } : after;
}

/** Soft-deletes a certificate with its key and its secret, and cancels what is in progress. `now` in seconds. */
export async function deleteCertificate(
  vault: VaultScope,
  asked: { readonly name: string; readonly now: number },
): Promise<Outcome<DeletedObjectRecord<CurrentCertificate>>> {
  const deleted = await deleteObject<CurrentCertificate>(vault, 'certificates', asked);
  if (!deleted.ok) return deleted;
  const key = certificateKeys(vault).pending(asked.name);
  const [record] = await vault.store.read({ require: vault.require, get: [key] });
  const changes = [deleted.change, { require: [asSeen(key, record)], put: cancelled(vault, record) }];
  for (const collection of deleted.value.current.cer === undefined ? [] : parts) {
    const part = await deleteObject<ObjectVersion>(vault, collection, asked);
    if (!part.ok) return part;
    // The certificate's purge is theirs too.
    const scheduled = scheduledPurgeKey(vault, collection, part.value);
    changes.push({ ...part.change, put: (part.change?.put ?? []).filter((put) => put.key !== scheduled) });
  }
  return { ...deleted, change: together(...changes) };
}

/** An operation that would go on, and after a recovery make a version that nobody expects any more. */
function cancelled(vault: VaultScope, record: StoredRecord | undefined): readonly Put[] {
  const pending = record === undefined ? undefined : decode<PendingCertificate>(record);
  if (pending?.status !== 'inProgress') return [];
  return putPending(vault, { ...pending, cancellationRequested: true, status: 'cancelled' });
}

/** Puts a soft-deleted certificate back, with its key and its secret, and what is yet to come in its life. */
export async function recoverCertificate(vault: VaultScope, name: string): Promise<Outcome<CertificateRecord>> {
  const recovered = await recoverDeleted<CurrentCertificate>(vault, 'certificates', name);
  if (!recovered.ok) return recovered;
  const isIssued = recovered.value.current.cer !== undefined;
  // While one that was never issued was deleted, its name was anybody's.
  const state = isIssued ? undefined : await certificateState(vault, name);
  const taken = state === undefined ? undefined : checkName(state);
  if (taken !== undefined) return refused(taken);
  const changes = [{ require: state?.require ?? [] }, recovered.change];
  for (const collection of isIssued ? parts : []) {
    const part = await recoverDeleted<ObjectVersion>(vault, collection, name);
    if (!part.ok) return part;
    changes.push(part.change);
  }
  // Work that comes due before the recovery is complete would find nothing to do.
  const put = putActions(vault, recovered.value, vault.now + vault.transitionMs);
  return { ...recovered, change: together(...changes, { put }) };
}

/** Destroys a soft-deleted certificate, its key and its secret, all their versions, and the operation of its name. */
export async function purgeCertificate(vault: VaultScope, name: string): Promise<Outcome<null>> {
  const purged = await purgeDeleted(vault, 'certificates', name);
  if (!purged.ok) return purged;
  const changes = [purged.change, withoutPending(vault, name)];
  for (const collection of await partsDeleted(vault, name)) {
    const part = await purgeDeleted(vault, collection, name);
    if (!part.ok) return part;
    changes.push(part.change);
  }
  return { ...purged, change: together(...changes) };
}

/** As `dueOfObject`, for a certificate with its key and its secret. */
export async function dueOfCertificate(
  vault: VaultScope,
  name: string,
): Promise<Awaited<ReturnType<typeof dueOfObject>>> {
  const due = await dueOfObject(vault, 'certificates', name);
  if (due.done !== 'purged') return due;
  const changes: Transaction[] = [due.change, withoutPending(vault, name)];
  for (const collection of await partsDeleted(vault, name)) {
    const part = await dueOfObject(vault, collection, name);
    if (part.done !== 'nothing') changes.push(part.change);
  }
  return { done: 'purged', change: together(...changes) };
}

function withoutPending(vault: VaultScope, name: string): Transaction {
  return { delete: [certificateKeys(vault).pending(name)] };
}

/** Those parts that a deleted certificate has: one that was never issued has none. */
async function partsDeleted(vault: VaultScope, name: string): Promise<readonly ('keys' | 'secrets')[]> {
  const get = [certificateKeys(vault).deleted(name), ...parts.map((part) => objectKeys(vault, part).deleted(name))];
  const [certificate] = await vault.store.read({ require: vault.require, get });
  if (certificate === undefined) return [];
  return decode<CertificateRecord>(certificate).current.cer === undefined ? [] : parts;
}
