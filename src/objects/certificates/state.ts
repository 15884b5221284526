import { get, recordPut } from '../../store/records.ts';
import type { Reading, Stored } from '../../store/records.ts';
import type { Put, Requirement } from '../../store/store.ts';
import { isIssued } from './certificate.ts';
import type { CertificateRecord } from './certificate.ts';
import type { CertificateParts } from './parts.ts';
import type { PendingCertificate } from './pending.ts';
import type { CertificatePolicy } from './policy.ts';
import { certificateKeys, isPurged, objectKeys } from '../object.ts';
import type { CurrentOf, VaultScope } from '../object.ts';
import type { ObjectRefusal } from '../refusal.ts';
import { requireUnchanged, creationRefusal } from '../state.ts';
import type { ObjectState } from '../state.ts';

/** All records under a certificate's name, in one snapshot. */
export interface CertificateState {
  readonly name: string;
  readonly own: ObjectState<'certificates'>;
  readonly pending: Stored<PendingCertificate> | undefined;
  readonly keys: ObjectState<'keys'>;
  readonly secrets: ObjectState<'secrets'>;
  /** Requires that all of them stay unchanged. */
  readonly require: readonly Requirement[];
}

/** With `version`, also the records of an older version. */
export function* certificateState(
  vault: VaultScope,
  { name, version }: { readonly name: string; readonly version?: string | undefined },
): Reading<CertificateState> {
  const [certificates, keys, secrets] = [
    objectKeys(vault, 'certificates'),
    objectKeys(vault, 'keys'),
    objectKeys(vault, 'secrets'),
  ];
  const at = [
    certificates.current(name),
    certificates.deleted(name),
    certificateKeys(vault).pending(name),
    keys.current(name),
    keys.deleted(name),
    secrets.current(name),
    secrets.deleted(name),
  ] as const;
  const olderAt =
    version === undefined
      ? ([] as const)
      : ([certificates.version(name, version), keys.version(name, version), secrets.version(name, version)] as const);
  const [current, deleted, pending, key, deletedKey, secret, deletedSecret, ...older] = yield* get(...at, ...olderAt);
  const [olderCertificate, olderKey, olderSecret] = older;
  const seen = [current, deleted, pending, key, deletedKey, secret, deletedSecret];
  const require = [...vault.require, ...at.map((one, index) => requireUnchanged(one, seen[index]))];
  const asked = { name, version, require };
  return {
    name,
    own: { ...asked, collection: 'certificates', current, deleted, older: olderCertificate },
    pending,
    keys: { ...asked, collection: 'keys', current: key, deleted: deletedKey, older: olderKey },
    secrets: { ...asked, collection: 'secrets', current: secret, deleted: deletedSecret, older: olderSecret },
    require,
  };
}

/** Why a version cannot be made under this name now; `undefined` if it can. */
export function checkState(vault: VaultScope, state: CertificateState): ObjectRefusal | undefined {
  return creationRefusal(vault, state.own) ?? checkName(state);
}

/** Refuses the name if a key or secret that is not the certificate's own has it. */
export function checkName({ name, keys, secrets }: CertificateState): ObjectRefusal | undefined {
  for (const { collection, current, deleted } of [keys, secrets]) {
    if (current !== undefined && current.value.current.managed !== true) {
      return { kind: 'certificateNameTaken', collection, name };
    }
    if (deleted === undefined) continue;
    if (isPurged(deleted.value)) return { kind: 'objectBeingDeleted', collection, creating: name };
    // The certificate is not deleted, so a deleted key or secret of its name is not its own.
    return { kind: 'certificateNameTaken', collection, name };
  }
  return undefined;
}

/** Like `checkState`, and refuses while an operation is in progress, because its result would come later. */
export function checkFree(vault: VaultScope, state: CertificateState): ObjectRefusal | undefined {
  if (state.pending?.value.status === 'inProgress') return { kind: 'certificatePending' };
  return checkState(vault, state);
}

/**
 * Makes a version of the certificate, its key and its secret the current ones, with the policy; the versions before
 * become older versions.
 */
export function putParts(
  vault: VaultScope,
  state: CertificateState,
  { certificate, key, secret, policy }: CertificateParts & { readonly policy: CertificatePolicy },
): { readonly object: CertificateRecord; readonly put: readonly Put[] } {
  const before = state.own.current?.value;
  const name = before?.name ?? state.name;
  const object = { name, current: { ...certificate, policy } };
  const at = objectKeys(vault, 'certificates');
  const put: Put[] = [recordPut(at.current(name), object)];
  // A first version that was never issued is dropped.
  if (before !== undefined && isIssued(before.current)) {
    const { policy: _, ...older } = before.current;
    put.push(recordPut(at.version(name, older.version), older));
  }
  put.push(...putPart(vault, state.keys, { name, version: key }));
  const previousVersion = state.secrets.current?.value.current.version;
  const version = { ...secret, ...(previousVersion !== undefined && { previousVersion }) };
  put.push(...putPart(vault, state.secrets, { name, version }));
  return { object, put };
}

function putPart<C extends 'keys' | 'secrets'>(
  vault: VaultScope,
  { collection, current: before }: ObjectState<C>,
  { name, version }: { readonly name: string; readonly version: CurrentOf<C> },
): readonly Put[] {
  const keys = objectKeys(vault, collection);
  const put = recordPut(keys.current(name), { name, current: version });
  if (before === undefined) return [put];
  const older = before.value.current;
  return [put, recordPut(keys.version(name, older.version), older)];
}
