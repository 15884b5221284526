import { recordKind } from '../store/keys.ts';
import type { Key, Prefix, RecordKind } from '../store/keys.ts';
import type { Collection } from '../types/collection.ts';
import type { CertificateVersion, CurrentCertificate } from './certificates/certificate.ts';
import type { Contact } from './certificates/contacts.ts';
import type { IssuerRecord } from './certificates/issuers.ts';
import type { PendingCertificate } from './certificates/pending.ts';
import type { KeyVersion } from './keys/key.ts';
import type { DeletedObjectRecord, ObjectRecord, VaultScope, PurgedObject } from './object.ts';
import type { SecretVersion } from './secrets/secret.ts';

interface Versions {
  readonly secrets: SecretVersion;
  readonly keys: KeyVersion;
  readonly certificates: CertificateVersion;
}

/** What only the current version has. */
interface OfCurrent {
  readonly secrets: unknown;
  readonly keys: unknown;
  readonly certificates: Pick<CurrentCertificate, 'policy'>;
}

/** What a version is, by collection. */
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

/** Older versions have a prefix of their own, so that a list of names does not walk them. */
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

/** Where the records of one collection lie. */
export interface ObjectKeys<C extends Collection> {
  readonly currents: () => Prefix<RecordOf<C>>;
  readonly current: (name: string) => Key<RecordOf<C>>;
  readonly versions: (name: string) => Prefix<VersionOf<C>>;
  readonly version: (name: string, version: string) => Key<VersionOf<C>>;
  readonly deleteds: () => Prefix<DeletedOf<C> | PurgedObject>;
  readonly deleted: (name: string) => Key<DeletedOf<C> | PurgedObject>;
}

export function objectKeys<C extends Collection>({ incarnation }: InVault, collection: C): ObjectKeys<C> {
  const { current, version, deleted }: Kinds<C> = kinds[collection];
  return {
    currents: () => current.prefix(incarnation),
    current: (name) => current.key(incarnation, name.toLowerCase()),
    versions: (name) => version.prefix(incarnation, name.toLowerCase()),
    version: (name, id) => version.key(incarnation, name.toLowerCase(), id.toLowerCase()),
    deleteds: () => deleted.prefix(incarnation),
    deleted: (name) => deleted.key(incarnation, name.toLowerCase()),
  };
}

/** Where the records of certificates lie, beside those that every collection has. */
export function certificateKeys({ incarnation }: InVault) {
  return {
    pending: (name: string) => pendingKind.key(incarnation, name.toLowerCase()),
    issuers: () => issuerKind.prefix(incarnation),
    issuer: (name: string) => issuerKind.key(incarnation, name.toLowerCase()),
    contacts: () => contactsKind.key(incarnation),
  };
}
