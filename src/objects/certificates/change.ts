import type { Reading } from '../../store/records.ts';
import { merge } from '../../store/store.ts';
import type { Put, Transaction } from '../../store/store.ts';
import { putActions } from './actions.ts';
import { isCurrent, isIssued, updateCertificateVersion } from './certificate.ts';
import type { CertificateRecord, CertificateVersion, CurrentCertificate } from './certificate.ts';
import { putPending } from './pending.ts';
import type { PolicyParameters } from './policy.ts';
import { policyFrom } from './policy-rules.ts';
import { changeCurrent, changeVersion, deleteObject, purgeDeleted, recoverDeleted } from '../change.ts';
import { certificateState, checkName } from './state.ts';
import type { CertificateState } from './state.ts';
import { certificateKeys, isPurged, refused } from '../object.ts';
import type { DeletedObjectRecord, Done, ObjectRecord, ObjectVersion, Outcome, VaultScope } from '../object.ts';
import type { ObjectParameters } from '../parameters.ts';
import { purgeIfDue, scheduledPurgeKey } from '../purge.ts';
import type { DuePurge } from '../purge.ts';
import { requireUnchanged } from '../state.ts';
import type { ObjectState } from '../state.ts';
import { restoreObject } from '../backup.ts';
import { readKeyType } from '../keys/type.ts';

/** An object, and whether there is an operation of its name. */
export type WithPending<T> = T & { readonly isPending: boolean };

/**
 * Changes attributes and tags of one version, and of its key and secret; without `version`, of the current one. A
 * policy belongs to the certificate, whichever version it is sent with.
 */
export function* updateCertificate(
  vault: VaultScope,
  asked: {
    readonly name: string;
    readonly version?: string | undefined;
    readonly parameters: ObjectParameters;
    readonly policy?: PolicyParameters | undefined;
    readonly nowSeconds: number;
  },
): Reading<Outcome<WithPending<ObjectRecord<CertificateVersion>>>> {
  const { parameters, policy, nowSeconds } = asked;
  const state = yield* certificateState(vault, asked);
  const changed = changeVersion(vault, state.own, (before) => {
    const facts = updateCertificateVersion(before, parameters, nowSeconds);
    if (!facts.ok || policy === undefined || !isCurrent(facts.value)) return facts;
    return withPolicy(vault, facts.value, { policy, nowSeconds });
  });
  if (!changed.ok) return changed;
  const { name, current } = changed.value;
  const changes = [changed.change];
  for (const part of isIssued(current) ? parts(state) : []) {
    const same = changeVersion(vault, { ...part, version: current.version }, (before) => withFacts(before, current));
    if (!same.ok) return same;
    changes.push(same.change);
  }
  if (isCurrent(current)) {
    changes.push({ put: putActions(vault, { name, current }) });
  } else if (policy !== undefined) {
    const updated = policyUpdated(vault, state, { policy, nowSeconds });
    if (!updated.ok) return updated;
    changes.push(updated.change);
  }
  return done(state, changed.value, changes);
}

function withFacts<V extends ObjectVersion>(before: V, { attributes, tags }: ObjectVersion): Outcome<V> {
  return { ok: true, value: { ...before, attributes, ...(tags !== undefined && { tags }) } };
}

/** Changes those parts of a certificate's policy that are given. */
export function* updatePolicy(
  vault: VaultScope,
  asked: { readonly name: string; readonly policy: PolicyParameters; readonly nowSeconds: number },
): Reading<Outcome<CertificateRecord>> {
  return policyUpdated(vault, yield* certificateState(vault, { name: asked.name }), asked);
}

function policyUpdated(
  vault: VaultScope,
  { own }: CertificateState,
  asked: { readonly policy: PolicyParameters; readonly nowSeconds: number },
): Outcome<CertificateRecord> {
  const changed = changeCurrent(vault, own, (before) => withPolicy(vault, before, asked));
  if (!changed.ok) return changed;
  return { ...changed, change: merge(changed.change, { put: putActions(vault, changed.value) }) };
}

function withPolicy<V extends CurrentCertificate>(
  vault: VaultScope,
  before: V,
  { policy, nowSeconds }: { readonly policy: PolicyParameters; readonly nowSeconds: number },
): Outcome<V> {
  const after = policyFrom(vault, policy, { before: before.policy, nowSeconds });
  return after.ok ? { ok: true, value: { ...before, policy: after.value } } : after;
}

/** A certificate's key and secret, which share its life. */
function parts({ keys, secrets }: CertificateState): readonly (ObjectState<'keys'> | ObjectState<'secrets'>)[] {
  return [keys, secrets];
}

/** Soft-deletes a certificate with its key and secret, and cancels its operation. */
export function* deleteCertificate(
  vault: VaultScope,
  { name, nowSeconds }: { readonly name: string; readonly nowSeconds: number },
): Reading<Outcome<WithPending<DeletedObjectRecord<CurrentCertificate>>>> {
  const state = yield* certificateState(vault, { name });
  const deleted = deleteObject(vault, state.own, nowSeconds);
  if (!deleted.ok) return deleted;
  const pendingSeen = requireUnchanged(certificateKeys(vault).pending(name), state.pending);
  const changes = [deleted.change, { require: [pendingSeen], put: cancelled(vault, state) }];
  for (const part of isIssued(deleted.value.current) ? parts(state) : []) {
    const same = deleteObject(vault, part, nowSeconds);
    if (!same.ok) return same;
    // The due record of the certificate's purge covers its parts.
    const scheduled = scheduledPurgeKey(vault, part.collection, same.value);
    changes.push({ ...same.change, put: (same.change?.put ?? []).filter((put) => put.key !== scheduled) });
  }
  return done(state, deleted.value, changes);
}

/** Without this an operation would continue, and after a recovery create an unexpected version. */
function cancelled(vault: VaultScope, { pending }: CertificateState): readonly Put[] {
  if (pending?.value.status !== 'inProgress') return [];
  return putPending(vault, { ...pending.value, cancellationRequested: true, status: 'cancelled' });
}

/** Recovers a soft-deleted certificate with its key and secret, and schedules its next action. */
export function* recoverCertificate(vault: VaultScope, name: string): Reading<Outcome<WithPending<CertificateRecord>>> {
  const state = yield* certificateState(vault, { name });
  const recovered = recoverDeleted(vault, state.own);
  if (!recovered.ok) return recovered;
  const wasIssued = isIssued(recovered.value.current);
  // While a certificate that was never issued is deleted, its name can be taken.
  const taken = wasIssued ? undefined : checkName(state);
  if (taken !== undefined) return refused(taken);
  const changes = [{ require: wasIssued ? [] : state.require }, recovered.change];
  for (const part of wasIssued ? parts(state) : []) {
    const same = recoverDeleted(vault, part);
    if (!same.ok) return same;
    changes.push(same.change);
  }
  // Work that is due before the recovery is complete would find nothing to do.
  changes.push({ put: putActions(vault, recovered.value, vault.nowMs + vault.transitionMs) });
  return done(state, recovered.value, changes);
}

/** Destroys a soft-deleted certificate, its key and secret, all their versions, and the operation of its name. */
export function* purgeCertificate(vault: VaultScope, name: string): Reading<Outcome<null>> {
  const state = yield* certificateState(vault, { name });
  const purged = yield* purgeDeleted(vault, state.own);
  if (!purged.ok) return purged;
  const changes = [purged.change, withoutPending(vault, name)];
  for (const part of deletedParts(state)) {
    const same = yield* purgeDeleted(vault, part);
    if (!same.ok) return same;
    changes.push(same.change);
  }
  return { ...purged, change: merge(...changes) };
}

/** As `purgeIfDue`, for a certificate with its key and secret. */
export function* purgeCertificateIfDue(
  vault: VaultScope,
  asked: { readonly name: string; readonly clear: (change: Transaction) => Promise<unknown> },
): Reading<DuePurge> {
  const { name } = asked;
  const state = yield* certificateState(vault, { name });
  const due = yield* purgeIfDue(vault, 'certificates', asked);
  if (due.done !== 'purged') return due;
  const changes: Transaction[] = [due.change, withoutPending(vault, name)];
  for (const { collection } of deletedParts(state)) {
    const part = yield* purgeIfDue(vault, collection, asked);
    if (part.done !== 'nothing') changes.push(part.change);
  }
  return { done: 'purged', change: merge(...changes) };
}

function withoutPending(vault: VaultScope, name: string): Transaction {
  return { delete: [certificateKeys(vault).pending(name)] };
}

/** The parts of a deleted certificate; one that was never issued has none. */
function deletedParts(state: CertificateState): readonly (ObjectState<'keys'> | ObjectState<'secrets'>)[] {
  const deleted = state.own.deleted?.value;
  return deleted === undefined || isPurged(deleted) || !isIssued(deleted.current) ? [] : parts(state);
}

function done<T>(
  { pending }: CertificateState,
  value: T,
  changes: readonly (Transaction | undefined)[],
): Done<WithPending<T>> {
  return { ok: true, value: { ...value, isPending: pending !== undefined }, change: merge(...changes) };
}

/**
 * Restores a certificate with its key and secret from a backup, if the vault allows keys of its type, and schedules its
 * next action.
 */
export function* restoreCertificate(vault: VaultScope, blob: string): Reading<Outcome<CertificateRecord>> {
  const restored = yield* restoreObject(vault, 'certificates', blob);
  if (!restored.ok) return restored;
  const kty = readKeyType(restored.value.current.policy.key.kty, vault);
  if (!kty.ok) return kty;
  const put = [...(restored.change?.put ?? []), ...putActions(vault, restored.value)];
  return { ...restored, change: { ...restored.change, put } };
}
