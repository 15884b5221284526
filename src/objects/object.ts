import type { Requirement, Store, Transaction } from '../store/store.ts';

/** The three collections of a vault. What they share (versions, lists, soft delete) is written once, over any of them. */
export type Collection = 'secrets' | 'keys' | 'certificates';

/** `attributes` as they are stored; times in seconds since 1970. */
export interface Attributes {
  readonly enabled: boolean;
  readonly notBefore?: number;
  readonly expires?: number;
  readonly created: number;
  readonly updated: number;
}

/** What every version of an object has; a secret adds its value, a key its material. */
export interface ObjectVersion {
  /** 32 hexadecimal digits. */
  readonly version: string;
  readonly attributes: Attributes;
  readonly tags?: Readonly<Record<string, string>>;
}

/** An object with its current version whole, so that the hot read is one look-up. */
export interface ObjectRecord<V extends ObjectVersion> {
  /** As it was spelt first: names are compared without regard to case. */
  readonly name: string;
  readonly current: V;
}

export interface DeletedObjectRecord<V extends ObjectVersion> extends ObjectRecord<V> {
  readonly deletedDate: number;
  readonly scheduledPurgeDate: number;
}

/** What the rules of objects need to know of their vault. */
export interface VaultScope {
  readonly store: Store;
  readonly incarnation: string;
  readonly softDeleteRetentionInDays: number;
  readonly purgeProtection: boolean;
  /** The vault's rules (and the subnet) on whose word this request acts: part of every read and every transaction. */
  readonly require: readonly Requirement[];
}

/** Why an object's rules refuse. */
export type ObjectRefusal =
  | { readonly kind: 'objectNotFound'; readonly collection: Collection; readonly name: string }
  | { readonly kind: 'deletedObjectNotFound'; readonly collection: Collection; readonly name: string }
  | { readonly kind: 'objectDeletedButRecoverable'; readonly collection: Collection; readonly name: string }
  | { readonly kind: 'objectDisabled'; readonly collection: Collection }
  | { readonly kind: 'purgeProtected' }
  | { readonly kind: 'badParameter'; readonly message: string };

/** A result and, where the operation changes something, the change: whoever called commits it, with the audit record. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly change?: Transaction }
  | { readonly ok: false; readonly refusal: ObjectRefusal };

export function refused(refusal: ObjectRefusal): { readonly ok: false; readonly refusal: ObjectRefusal } {
  return { ok: false, refusal };
}

/** Where the records of one collection lie. Older versions have a prefix of their own, so that a list of names does not walk them. */
export function objectKeys(vault: VaultScope, collection: Collection) {
  const root = `vault/${vault.incarnation}/${collection}`;
  return {
    currents: `${root}/`,
    current: (name: string) => `${root}/${name.toLowerCase()}`,
    versions: (name: string) => `${root}-versions/${name.toLowerCase()}/`,
    version: (name: string, version: string) => `${root}-versions/${name.toLowerCase()}/${version.toLowerCase()}`,
    deleteds: `${root}-deleted/`,
    deleted: (name: string) => `${root}-deleted/${name.toLowerCase()}`,
  };
}

/** `attributes.recoveryLevel` (key-vault soft-delete overview): customised means a retention of less than 90 days. */
export function recoveryLevel(vault: VaultScope): string {
  const customized = vault.softDeleteRetentionInDays < 90 ? 'Customized' : '';
  return `${customized}Recoverable${vault.purgeProtection ? '' : '+Purgeable'}`;
}
