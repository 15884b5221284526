import { isInHsm } from './key-type.ts';
import type { KeyType } from './key-type.ts';
import type { VaultScope } from './object.ts';
import type { ObjectRefusal } from './refusal.ts';

/** Under which conditions a key may leave the vault (about-keys, "Key attributes"; secure key release policy grammar). */
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

/** What Azure requires of a key that may be released, with the texts of its own that are known; `undefined` when it holds. */
export function checkRelease(key: Releasable, vault: Pick<VaultScope, 'sku'>): ObjectRefusal | undefined {
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

/** What an update may make of a key's release policy; `undefined` when it may. */
export function checkReleaseChange(before: Releasable, after: Releasable): ObjectRefusal | undefined {
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
