import { randomHex } from '../crypto/random-hex.ts';
import { recordKind } from '../store/keys.ts';
import type { Key, Prefix, RecordKind } from '../store/keys.ts';
import type { Requirement, Transaction } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import type { VaultRecord } from '../types/vault.ts';
import type { CertificateVersion, CurrentCertificate } from './certificates/certificate.ts';
import type { Contact } from './certificates/contacts.ts';
import type { IssuerRecord } from './certificates/issuers.ts';
import type { PendingCertificate } from './certificates/pending.ts';
import type { KeyVersion } from './keys/key.ts';
import type { ObjectRefusal } from './refusal.ts';
import type { SecretVersion } from './secrets/secret.ts';

/** `attributes` as they are stored; times in seconds since 1970. */
export interface Attributes {
  readonly enabled: boolean;
  readonly notBefore?: number;
  readonly expires?: number;
  readonly created: number;
  readonly updated: number;
}

/** The members of every version; a secret adds its value, a key its material. */
export interface ObjectVersion {
  /** 32 hexadecimal digits. */
  readonly version: string;
  readonly attributes: Attributes;
  readonly tags?: Readonly<Record<string, string>>;
}

/** An object with its whole current version, so that the most frequent read is one look-up. */
export interface ObjectRecord<V extends ObjectVersion> extends Transition {
  /** In its first spelling: names are compared in any case. */
  readonly name: string;
  readonly current: V;
}

export interface DeletedObjectRecord<V extends ObjectVersion> extends ObjectRecord<V> {
  /** Both are in seconds since 1970. */
  readonly deletedDate: number;
  readonly scheduledPurgeDate: number;
}

/** A vault as the rules of objects need it. */
export interface VaultScope {
  readonly name: string;
  readonly incarnation: string;
  readonly subscriptionId: string;
  readonly location: string;
  /** A premium vault has keys in an HSM. */
  readonly sku: 'standard' | 'premium';
  readonly softDeleteRetentionInDays: number;
  readonly purgeProtection: boolean;
  /** How long a deletion or recovery takes; 0: it is complete at once. */
  readonly transitionMs: number;
  /** The time of the request's decision, in milliseconds since 1970. */
  readonly nowMs: number;
  /**
   * The vault's rules (and the subnet) that allowed this request: required by every transaction and every read. The
   * caller adds them to reads.
   */
  readonly require: readonly Requirement[];
}

/** A vault as the rules of its objects see it. */
export function vaultScope(
  vault: Pick<VaultRecord, 'name' | 'incarnation' | 'subscriptionId' | 'location' | 'properties'>,
  known: Pick<VaultScope, 'transitionMs' | 'nowMs' | 'require'>,
): VaultScope {
  const { properties } = vault;
  // Written member by member: this is the hot path, and spreading `known` takes twice as long.
  return {
    name: vault.name,
    incarnation: vault.incarnation,
    subscriptionId: vault.subscriptionId,
    location: vault.location,
    sku: properties.sku.name,
    softDeleteRetentionInDays: properties.softDeleteRetentionInDays,
    purgeProtection: properties.enablePurgeProtection === true,
    transitionMs: known.transitionMs,
    nowMs: known.nowMs,
    require: known.require,
  };
}

/** A result and, where the operation changes something, the change. The caller commits it with the audit record. */
export type Outcome<T> = Done<T> | { readonly ok: false; readonly refusal: ObjectRefusal };

export interface Done<T> {
  readonly ok: true;
  readonly value: T;
  readonly change?: Transaction;
}

export function refused(refusal: ObjectRefusal): { readonly ok: false; readonly refusal: ObjectRefusal } {
  return { ok: false, refusal };
}

/** `attributes.recoveryLevel` (key-vault soft-delete overview): customized means a retention of less than 90 days. */
export function recoveryLevel(vault: VaultScope): string {
  const customized = vault.softDeleteRetentionInDays < 90 ? 'Customized' : '';
  return `${customized}Recoverable${vault.purgeProtection ? '' : '+Purgeable'}`;
}

/**
 * Deletions and recoveries take a moment, as on Azure, whose clients poll until they are complete. Meanwhile the object
 * is visible neither as active nor as deleted, and every change of it is refused. Nothing has to happen to complete
 * them: the record says when they are complete, and this is compared with the clock.
 */
export interface Transition {
  /** When the deletion or recovery that made this record is complete, in milliseconds since 1970; absent: at once. */
  readonly completeAt?: number;
}

/** A purged object whose name is still taken: for a moment, and until all of its versions are gone. */
export interface PurgedObject {
  readonly name: string;
  readonly purged: true;
}

/** A transition that begins now. */
export function transition({ transitionMs, nowMs }: VaultScope): Transition {
  return transitionMs === 0 ? {} : { completeAt: nowMs + transitionMs };
}

/** Whether an object, active or deleted, is visible. */
export function isVisible<T extends Transition>(record: T | PurgedObject, { nowMs }: VaultScope): record is T {
  return !isPurged(record) && (record.completeAt ?? 0) <= nowMs;
}

/** Whether only the name is left of a deleted object. */
export function isPurged(deleted: Transition | PurgedObject): deleted is PurgedObject {
  return 'purged' in deleted;
}

/** A new version id: 32 hexadecimal digits. The rules get it as an argument. */
export const newVersion = randomHex;

/** "A 1-127 character string, containing only 0-9, a-z, A-Z, and -" (about-keys-secrets-certificates). */
export function isObjectName(text: string): boolean {
  return /^[0-9a-z-]{1,127}$/i.test(text);
}

/** 32 hexadecimal digits. Anything else is the id of no version, and must not become part of a record's key. */
export function isVersionId(text: string): boolean {
  return /^[0-9a-f]{32}$/i.test(text);
}

/** The `attributes` of an object in an audit record. */
export function auditedAttributes({ enabled, notBefore, expires }: Attributes) {
  return {
    enabled,
    nbf: notBefore,
    exp: expires,
  };
}

interface Versions {
  readonly secrets: SecretVersion;
  readonly keys: KeyVersion;
  readonly certificates: CertificateVersion;
}

/** Members that only the current version has. */
interface OfCurrent {
  readonly secrets: unknown;
  readonly keys: unknown;
  readonly certificates: Pick<CurrentCertificate, 'policy'>;
}

/** The type of a version, by collection. */
export type VersionOf<C extends Collection> = Versions[C];
export type CurrentOf<C extends Collection> = Versions[C] & OfCurrent[C];
/** An object of a collection, with its current version. */
export type RecordOf<C extends Collection> = ObjectRecord<CurrentOf<C>>;
export type DeletedOf<C extends Collection> = DeletedObjectRecord<CurrentOf<C>>;

interface Kinds<C extends Collection> {
  readonly current: RecordKind<RecordOf<C>>;
  readonly version: RecordKind<VersionOf<C>>;
  readonly deleted: RecordKind<DeletedOf<C> | PurgedObject>;
}

/** Older versions have a prefix of their own, so that listing names does not read them. */
function kindsOf<C extends Collection>(collection: C, one: string): Kinds<C> {
  const root = `vault/{incarnation}/${collection}`;
  const owner = 'objects';
  return {
    current: recordKind({ pattern: `${root}/`, owner, holds: `${one} with its current version` }),
    version: recordKind({ pattern: `${root}-versions/{name}/`, owner, holds: `an older version of ${one}` }),
    deleted: recordKind({ pattern: `${root}-deleted/`, owner, holds: `${one} that is deleted, or the name of one` }),
  };
}

const kinds: { readonly [C in Collection]: Kinds<C> } = {
  secrets: kindsOf('secrets', 'a secret'),
  keys: kindsOf('keys', 'a key'),
  certificates: kindsOf('certificates', 'a certificate'),
};

const pendingKind = recordKind<PendingCertificate>({
  pattern: 'vault/{incarnation}/certificates-pending/',
  owner: 'objects',
  holds: 'the operation that makes a certificate',
});

const issuerKind = recordKind<IssuerRecord>({
  pattern: 'vault/{incarnation}/certificates-issuers/',
  owner: 'objects',
  holds: 'an issuer of certificates',
});

const contactsKind = recordKind<readonly Contact[]>({
  pattern: 'vault/{incarnation}/certificates-contacts',
  owner: 'objects',
  holds: 'the contacts for the certificates of a vault',
});

type InVault = Pick<VaultScope, 'incarnation'>;

/** The keys of the records of one collection. */
class ObjectKeys<C extends Collection> {
  readonly #incarnation: string;
  readonly #kinds: Kinds<C>;

  constructor(incarnation: string, of: Kinds<C>) {
    this.#incarnation = incarnation;
    this.#kinds = of;
  }

  currents(): Prefix<RecordOf<C>> {
    return this.#kinds.current.prefix(this.#incarnation);
  }

  current(name: string): Key<RecordOf<C>> {
    return this.#kinds.current.key(this.#incarnation, name.toLowerCase());
  }

  versions(name: string): Prefix<VersionOf<C>> {
    return this.#kinds.version.prefix(this.#incarnation, name.toLowerCase());
  }

  version(name: string, id: string): Key<VersionOf<C>> {
    return this.#kinds.version.key(this.#incarnation, name.toLowerCase(), id.toLowerCase());
  }

  deleteds(): Prefix<DeletedOf<C> | PurgedObject> {
    return this.#kinds.deleted.prefix(this.#incarnation);
  }

  deleted(name: string): Key<DeletedOf<C> | PurgedObject> {
    return this.#kinds.deleted.key(this.#incarnation, name.toLowerCase());
  }
}

export function objectKeys<C extends Collection>({ incarnation }: InVault, collection: C): ObjectKeys<C> {
  return new ObjectKeys<C>(incarnation, kinds[collection]);
}

/** The keys of a certificate's records, besides those that every collection has. */
export function certificateKeys({ incarnation }: InVault) {
  return {
    pending: (name: string) => pendingKind.key(incarnation, name.toLowerCase()),
    issuers: () => issuerKind.prefix(incarnation),
    issuer: (name: string) => issuerKind.key(incarnation, name.toLowerCase()),
    contacts: () => contactsKind.key(incarnation),
  };
}
