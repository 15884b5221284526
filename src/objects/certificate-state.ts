import { decode, encode } from '../store/store.ts';
import type { Put, Requirement, StoredRecord } from '../store/store.ts';
import { asSeen, certificateKeys, isIssued } from './certificate.ts';
import type { CertificateRecord } from './certificate.ts';
import type { CertificateParts, ManagedKey } from './certificate-parts.ts';
import type { KeyVersion } from './key.ts';
import type { PendingCertificate } from './certificate-pending.ts';
import type { CertificatePolicy } from './certificate-policy.ts';
import { objectKeys } from './object.ts';
import type { ObjectRecord, ObjectVersion, VaultScope } from './object.ts';
import type { ObjectRefusal } from './refusal.ts';
import { isPurged, underWay } from './transition.ts';

/** Everything that stands under a certificate's name, in one snapshot. */
export interface CertificateState {
  readonly name: string;
  readonly current: StoredRecord | undefined;
  readonly deleted: StoredRecord | undefined;
  readonly pending: StoredRecord | undefined;
  readonly parts: { readonly keys: PartState; readonly secrets: PartState };
  /** That it all stays so. */
  readonly require: readonly Requirement[];
}

interface PartState {
  readonly current: StoredRecord | undefined;
  readonly deleted: StoredRecord | undefined;
}

export async function certificateState(vault: VaultScope, name: string): Promise<CertificateState> {
  const own = certificateKeys(vault);
  const [key, secret] = [objectKeys(vault, 'keys'), objectKeys(vault, 'secrets')];
  const get = [
    own.current(name),
    own.deleted(name),
    own.pending(name),
    key.current(name),
    key.deleted(name),
    secret.current(name),
    secret.deleted(name),
  ];
  const records = await vault.store.read({ require: vault.require, get });
  const [current, deleted, pending, keyCurrent, keyDeleted, secretCurrent, secretDeleted] = records;
  return {
    name,
    current,
    deleted,
    pending,
    parts: {
      keys: { current: keyCurrent, deleted: keyDeleted },
      secrets: { current: secretCurrent, deleted: secretDeleted },
    },
    require: [...vault.require, ...get.map((at, index) => asSeen(at, records[index]))],
  };
}

/** Why no version can be made under this name now; `undefined` when one can. */
export function checkState(vault: VaultScope, state: CertificateState): ObjectRefusal | undefined {
  const { name, current, deleted } = state;
  const refusal = underWay(vault, 'certificates', { current, deleted, creating: name });
  if (refusal !== undefined) return refusal;
  if (deleted !== undefined) return { kind: 'objectDeletedButRecoverable', collection: 'certificates', name };
  return checkName(state);
}

/** Whether an ordinary key or secret has the name of a certificate that is not deleted with its own ones. */
export function checkName({ name, parts }: CertificateState): ObjectRefusal | undefined {
  for (const collection of ['keys', 'secrets'] as const) {
    const part = parts[collection];
    if (part.current !== undefined && decode<ObjectRecord<KeyVersion>>(part.current).current.managed !== true) {
      return { kind: 'certificateNameTaken', collection, name };
    }
    if (part.deleted === undefined) continue;
    if (isPurged(part.deleted)) return { kind: 'objectBeingDeleted', collection, creating: name };
    // While the certificate is not deleted, a deleted one of that name was an ordinary one.
    return { kind: 'certificateNameTaken', collection, name };
  }
  return undefined;
}

/** As `checkState`, and that no operation is under way whose result would come after this one. */
export function checkFree(vault: VaultScope, state: CertificateState): ObjectRefusal | undefined {
  const pending = pendingOf(state);
  if (pending?.status === 'inProgress') return { kind: 'certificatePending' };
  return checkState(vault, state);
}

export function pendingOf({ pending }: CertificateState): PendingCertificate | undefined {
  return pending === undefined ? undefined : decode<PendingCertificate>(pending);
}

export function currentOf({ current }: CertificateState): CertificateRecord | undefined {
  return current === undefined ? undefined : decode<CertificateRecord>(current);
}

/** The current version of the certificate's key. */
export function keyOf({ parts }: CertificateState): ManagedKey | undefined {
  return parts.keys.current === undefined ? undefined : decode<ObjectRecord<ManagedKey>>(parts.keys.current).current;
}

/**
 * A version of the certificate with its key and its secret as the current ones, beside the policy from then on; those
 * before move to the older ones.
 */
export function putParts(
  vault: VaultScope,
  state: CertificateState,
  { certificate, key, secret, policy }: CertificateParts & { readonly policy: CertificatePolicy },
): { readonly object: CertificateRecord; readonly put: readonly Put[] } {
  const before = currentOf(state);
  const name = before?.name ?? state.name;
  const object = { name, current: { ...certificate, policy } };
  const keys = certificateKeys(vault);
  const put: Put[] = [{ key: keys.current(name), value: encode(object) }];
  // What was only intended leaves nothing behind.
  if (before !== undefined && isIssued(before.current)) {
    const { policy: _, ...older } = before.current;
    put.push({ key: keys.version(name, older.version), value: encode(older) });
  }
  put.push(...putPart(vault, 'keys', { name, version: key, before: state.parts.keys.current }));
  const previousVersion = versionOf(state.parts.secrets.current);
  const version = { ...secret, ...(previousVersion !== undefined && { previousVersion }) };
  put.push(...putPart(vault, 'secrets', { name, version, before: state.parts.secrets.current }));
  return { object, put };
}

function versionOf(record: StoredRecord | undefined): string | undefined {
  return record === undefined ? undefined : decode<ObjectRecord<ObjectVersion>>(record).current.version;
}

function putPart(
  vault: VaultScope,
  collection: 'keys' | 'secrets',
  part: { readonly name: string; readonly version: ObjectVersion; readonly before: StoredRecord | undefined },
): readonly Put[] {
  const { name, version, before } = part;
  const keys = objectKeys(vault, collection);
  const put = [{ key: keys.current(name), value: encode({ name, current: version }) }];
  if (before === undefined) return put;
  const { current } = decode<ObjectRecord<ObjectVersion>>(before);
  return [...put, { key: keys.version(name, current.version), value: encode(current) }];
}
