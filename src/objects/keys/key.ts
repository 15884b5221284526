import { keySizeOf, publicKeyOf } from '../../crypto/key-material.ts';
import type { CryptoOperation, KeyCurve, KeyMaterial } from '../../types/key.ts';
import { changedFacts, newFacts } from '../parameters.ts';
import type { ObjectParameters } from '../parameters.ts';
import type { KeyRefusal, ObjectRefusal } from '../refusal.ts';
import { keyPurposes, isInHsm } from './type.ts';
import type { KeyPurpose, KeyType } from './type.ts';
import { auditedAttributes, refused } from '../object.ts';
import type { ObjectRecord, ObjectVersion, Outcome, VaultScope } from '../object.ts';
import { expiryUnder, rotationPolicy } from './rotation-policy.ts';
import type { RotationPolicy, RotationPolicyParameters } from './rotation-policy.ts';

/** One version of a key. */
export interface KeyVersion extends ObjectVersion {
  readonly kty: KeyType;
  readonly keyOps: readonly KeyPurpose[];
  /** Never leaves the vault; sealed with its record. */
  readonly material: KeyMaterial;
  readonly exportable?: true;
  readonly releasePolicy?: ReleasePolicy;
  /** True for the key of a certificate; only the certificate's operations change and delete it. */
  readonly managed?: true;
  /** A property of the key: only that of the current version counts. Recovery, rotation and restore keep it. */
  readonly rotationPolicy?: RotationPolicy;
}

export type KeyRecord = ObjectRecord<KeyVersion>;

/** A key from a client, without type and size; every member is optional in an update. */
export interface KeyParameters extends ObjectParameters {
  readonly keyOps?: readonly string[];
  readonly exportable?: boolean;
  readonly releasePolicy?: ReleasePolicy;
}

/** A new version of a key from a client. */
export interface NewKeyParameters extends KeyParameters {
  readonly kty: KeyType;
  /** Replaces the key's policy, if it has one. */
  readonly rotationPolicy?: RotationPolicyParameters;
}

/** A version without its material. It is checked before the material is made, which is expensive. */
export type KeyDraft = Omit<KeyVersion, 'material'>;

/** A new version of a key; `before` is the current one, if the key exists. */
export function newKeyVersion(
  parameters: NewKeyParameters,
  made: {
    readonly version: string;
    readonly nowSeconds: number;
    readonly sku: VaultScope['sku'];
    readonly before: KeyVersion | undefined;
  },
): Outcome<KeyDraft> {
  const { kty, exportable, releasePolicy } = parameters;
  const keyOps = keyPurposes(kty, parameters.keyOps);
  if (!keyOps.ok) return keyOps;
  const refusal = checkRelease({ kty, exportable, releasePolicy }, made);
  if (refusal !== undefined) return refused(refusal);
  const before = made.before?.rotationPolicy;
  const policy =
    parameters.rotationPolicy === undefined
      ? { ok: true as const, value: before }
      : rotationPolicy(parameters.rotationPolicy, { nowSeconds: made.nowSeconds, before });
  if (!policy.ok) return policy;
  // A policy's expiry time "doesn't affect a current key" (how-to-configure-key-rotation), so the old policy applies to
  // this one.
  const expires = parameters.expires ?? expiryUnder(before, made.nowSeconds);
  const value = {
    version: made.version,
    kty,
    keyOps: keyOps.value,
    ...(exportable === true && { exportable }),
    ...(releasePolicy !== undefined && { releasePolicy }),
    ...(policy.value !== undefined && { rotationPolicy: policy.value }),
    ...newFacts({ ...parameters, ...(expires !== undefined && { expires }) }, made.nowSeconds),
  };
  return { ok: true, value };
}

/** The version with the changes of an update. */
export function updateKeyVersion<V extends KeyVersion>(
  before: V,
  parameters: KeyParameters,
  made: { readonly nowSeconds: number; readonly sku: VaultScope['sku'] },
): Outcome<V> {
  const keyOps =
    parameters.keyOps === undefined
      ? { ok: true as const, value: before.keyOps }
      : keyPurposes(before.kty, parameters.keyOps);
  if (!keyOps.ok) return keyOps;
  const { kty } = before;
  const { exportable = before.exportable, releasePolicy = before.releasePolicy } = parameters;
  const after = { kty, exportable, releasePolicy };
  const refusal = checkReleaseChange(before, after) ?? checkRelease(after, made);
  if (refusal !== undefined) return refused(refusal);
  const facts = changedFacts(before, parameters, made.nowSeconds);
  if (!facts.ok) return facts;
  const value = {
    ...before,
    keyOps: keyOps.value,
    ...facts.value,
    ...(releasePolicy !== undefined && { releasePolicy }),
  };
  return { ok: true, value };
}

/**
 * The next version of a key when it is rotated: the same with new material. It expires by the policy, and is disabled
 * if the version before is, so that a rotation never enables what was switched off.
 */
export function rotatedVersion(
  before: KeyVersion,
  made: { readonly version: string; readonly nowSeconds: number },
): Omit<KeyDraft, 'managed'> {
  const { material: _, managed: __, tags, attributes, ...kept } = before;
  const expires = expiryUnder(before.rotationPolicy, made.nowSeconds);
  const parameters = {
    enabled: attributes.enabled,
    ...(tags !== undefined && { tags }),
    ...(expires !== undefined && { expires }),
  };
  return { ...kept, version: made.version, ...newFacts(parameters, made.nowSeconds) };
}

/** The operations that work with a key before or after its validity (about-keys, "Date-time controlled operations"). */
const outsideItsTime: ReadonlySet<CryptoOperation> = new Set(['decrypt', 'verify', 'unwrapKey']);

/** Why a key cannot be used for an operation now; `undefined` if it can. */
export function checkUse(key: KeyVersion, operation: CryptoOperation, nowSeconds: number): KeyRefusal | undefined {
  const { enabled, notBefore = -Infinity, expires = Infinity } = key.attributes;
  if (!enabled) return { kind: 'keyDisabled', operation };
  if (!outsideItsTime.has(operation)) {
    if (nowSeconds < notBefore) return { kind: 'keyNotYetValid', operation, notBefore };
    if (nowSeconds >= expires) return { kind: 'keyExpired', operation, expires };
  }
  return key.keyOps.includes(operation) ? undefined : { kind: 'keyOperationForbidden', operation };
}

/**
 * The public part of a version as a JSON Web Key (RFC 7517), with Key Vault's `kty`; a symmetric key has no public
 * part.
 */
export function publicJwk({ kty, keyOps, material }: KeyVersion, kid: string): Readonly<Record<string, unknown>> {
  const { kty: _, ...members } = publicKeyOf(material);
  return { kid, kty, key_ops: keyOps, ...members };
}

/**
 * Azure's number of the HSM that keeps a key. 0 is software: all our keys are kept in software, whatever their type.
 */
export const hsmPlatform = '0';

/** The curve of an EC key, the size in bits of any other. */
export function keyForm(material: KeyMaterial): { readonly curve: KeyCurve } | { readonly size: number } {
  return material.kty === 'EC' ? { curve: material.crv } : { size: keySizeOf(material) };
}

/** `keyProperties` of the audit record (monitor-key-vault-reference, "AZKVAuditLogs"). */
export function keyProperties({ kty, keyOps, material, attributes }: KeyVersion): Readonly<Record<string, unknown>> {
  return {
    type: kty,
    operations: keyOps,
    ...keyForm(material),
    attributes: { ...auditedAttributes(attributes), hsmPlatform },
  };
}

/**
 * The conditions under which a key may leave the vault (about-keys, "Key attributes"; secure key release policy
 * grammar).
 */
export interface ReleasePolicy {
  readonly contentType: string;
  /** The policy, JSON in base64url. */
  readonly data: string;
  readonly immutable: boolean;
}

interface Releasable {
  readonly kty: KeyType;
  readonly exportable?: boolean | undefined;
  readonly releasePolicy?: ReleasePolicy | undefined;
}

/** Azure's rules for keys that may be released, in Azure's words where they are known; `undefined` if they are met. */
function checkRelease(key: Releasable, vault: Pick<VaultScope, 'sku'>): ObjectRefusal | undefined {
  if (key.exportable !== true) {
    if (key.releasePolicy === undefined) return undefined;
    return bad('AKV.SKR.1005: Non-exportable keys must not have release policy.');
  }
  if (vault.sku !== 'premium') {
    return bad(
      "AKV.SKR.1001: The exportable attribute is only supported with premium vaults and API version >= '7.3-preview'.",
    );
  }
  if (key.releasePolicy === undefined) return bad('AKV.SKR.1004: Exportable keys must have release policy.');
  if (isInHsm(key.kty)) return undefined;
  return bad(`AKV.SKR.1006: Exportable keys must be HSM-backed; ask for the key type ${key.kty}-HSM.`);
}

/** Whether an update may change a key's release policy like this; `undefined` if it may. */
function checkReleaseChange(before: Releasable, after: Releasable): ObjectRefusal | undefined {
  if ((before.exportable === true) !== (after.exportable === true)) {
    return bad('AKV.SKR.1003: The exportable attribute of an existing key cannot be changed.');
  }
  const { releasePolicy: old } = before;
  if (old?.immutable !== true) return undefined;
  const { releasePolicy: policy } = after;
  const same = policy?.data === old.data && policy.contentType === old.contentType && policy.immutable;
  return same ? undefined : bad('AKV.SKR.1020: Immutable Key Release Policy cannot be modified.');
}

function bad(message: string): ObjectRefusal {
  return { kind: 'badParameter', message };
}
