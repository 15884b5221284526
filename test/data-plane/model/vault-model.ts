import assert from 'node:assert/strict';
import type { Collection } from '../../../src/types/collection.ts';

export const retentionDays = 7;
export const transitionMs = 500;
export const issueMs = 500;
const retentionSeconds = retentionDays * 86_400;

/** One version of an object. Contents that only the server makes are absent until they are read. */
export interface ModelVersion {
  id: string | undefined;
  tag: string;
  /** The value of a secret, a coordinate of a key, the thumbprint of a certificate. */
  content: string | undefined;
}

/** An object in the simplest form. A certificate includes its key and its secret. */
export interface ModelObject {
  /** In its first spelling. */
  readonly name: string;
  /** The last one is the current one. */
  versions: ModelVersion[];
  /** False for a certificate that is not issued yet, which has one version. */
  isIssued: boolean;
  /** In seconds, while it is deleted. */
  deletedDate: number | undefined;
  /** When its last deletion, recovery or purge is complete, in milliseconds. */
  completeAt: number;
  /** Only its name is left, until that is complete. */
  isPurged: boolean;
}

/** The operation that will make a certificate. */
interface Pending {
  status: 'inProgress' | 'completed' | 'cancelled';
  cancelled: boolean;
  /** In milliseconds; absent if another authority signs. */
  readyAt: number | undefined;
  readonly tag: string;
}

export interface ModelVault {
  readonly name: string;
  state: 'none' | 'live' | 'deleted';
  /** In seconds, while it is deleted. */
  deletedDate: number;
  objects: Readonly<Record<Collection, Map<string, ModelObject>>>;
  pendings: Map<string, Pending>;
}

export interface ModelBackup {
  readonly collection: Collection;
  readonly name: string;
  readonly isIssued: boolean;
  readonly versions: readonly ModelVersion[];
  readonly blob: string;
}

/** `other` is in the subscription of `home`; `foreign` is in another one. */
export type Place = 'home' | 'other' | 'foreign';

export interface Model {
  readonly vaults: Readonly<Record<Place, ModelVault>>;
  readonly backups: ModelBackup[];
  now: number;
  /** All operations that were applied, by operation and collection. */
  readonly done: Set<string>;
  /** Counts the commands, so that each writes something of its own. */
  count: number;
}

export type Phase = 'none' | 'live' | 'deleting' | 'deleted' | 'recovering' | 'purging';

export const collections: readonly Collection[] = ['secrets', 'keys', 'certificates'];

export function emptyVault(name: string): ModelVault {
  return { name, state: 'live', deletedDate: 0, ...nothing() };
}

function nothing(): Pick<ModelVault, 'objects' | 'pendings'> {
  return { objects: { secrets: new Map(), keys: new Map(), certificates: new Map() }, pendings: new Map() };
}

/** The object under that name, including the key and the secret of a certificate. */
export function objectOf(vault: ModelVault, collection: Collection, name: string): ModelObject | undefined {
  const own = vault.objects[collection].get(name.toLowerCase());
  if (own !== undefined || collection === 'certificates') return own;
  const certificate = vault.objects.certificates.get(name.toLowerCase());
  return certificate?.isIssued === true ? certificate : undefined;
}

export function phaseOf(object: ModelObject | undefined, now: number): Phase {
  if (object === undefined) return 'none';
  if (object.isPurged) return 'purging';
  if (object.deletedDate === undefined) return now < object.completeAt ? 'recovering' : 'live';
  return now < object.completeAt ? 'deleting' : 'deleted';
}

/** Whether a certificate manages the key and secret of that name. One that was deleted before it was issued does not. */
export function isManaged(vault: ModelVault, collection: Collection, name: string): boolean {
  const certificate = collection === 'certificates' ? undefined : vault.objects.certificates.get(name.toLowerCase());
  if (certificate === undefined || certificate.isPurged) return false;
  return certificate.isIssued || certificate.deletedDate === undefined;
}

/** The key or the secret of that name that does not belong to a certificate. */
function otherOf(vault: ModelVault, name: string): ModelObject | undefined {
  return vault.objects.keys.get(name.toLowerCase()) ?? vault.objects.secrets.get(name.toLowerCase());
}

/** The answer to a certificate that needs its name. */
function takenBy(other: ModelObject): string {
  return other.isPurged ? '409 ObjectIsBeingDeleted' : '409 Conflict';
}

/** Whether nothing can be restored under that name. */
function isTaken(vault: ModelVault, collection: Collection, name: string): boolean {
  if (objectOf(vault, collection, name) !== undefined) return true;
  return collection === 'certificates' ? otherOf(vault, name) !== undefined : isManaged(vault, collection, name);
}

export type Operation =
  | 'create'
  /** A certificate that another authority will sign. */
  | 'request'
  | 'import'
  | 'update'
  | 'delete'
  | 'recover'
  | 'purge'
  | 'backup'
  | 'get'
  | 'getDeleted'
  | 'cancel'
  | 'forget';

const nouns: Readonly<Record<Collection, string>> = { secrets: 'Secret', keys: 'Key', certificates: 'Certificate' };
const inTransition = {
  deleting: '409 ObjectIsBeingDeleted',
  recovering: '409 ObjectIsBeingRecovered',
  purging: '409 ObjectIsBeingDeleted',
};
const neither = { deleting: '404', recovering: '404', purging: '404' };
const made = (status: string) => ({
  none: status,
  live: status,
  deleted: '409 ObjectIsDeletedButRecoverable',
  ...inTransition,
});

/** The answer to each operation in each phase, if nothing else prevents it. */
const answers = {
  create: made('200'),
  request: made('202'),
  import: made('200'),
  update: { none: '404', live: '200', deleted: '404', ...inTransition, purging: '404' },
  delete: { none: '404', live: '200', deleted: '404', ...inTransition, purging: '404' },
  recover: { none: '404', live: '404', deleted: '200', ...inTransition, purging: '404' },
  purge: { none: '404', live: '404', deleted: '204', ...inTransition, purging: '404' },
  backup: { none: '404', live: '200', deleted: '404', ...neither },
  get: { none: '404', live: '200', deleted: '404', ...neither },
  getDeleted: { none: '404', live: '404', deleted: '200', ...neither },
} satisfies Readonly<Record<string, Readonly<Record<Phase, string>>>>;

const makes: ReadonlySet<Operation> = new Set(['create', 'request', 'import']);
const reads: ReadonlySet<Operation> = new Set(['get', 'getDeleted']);
export const vaultNotFound = '404 VaultNotFound';

/** An operation on one name of one vault. `back` counts versions back from the current one. */
export interface Target {
  readonly operation: Operation;
  readonly place: Place;
  readonly collection: Collection;
  readonly name: string;
  readonly back?: number | undefined;
}

/** The answer to an operation: the status and, for a refusal, Azure's inner code or else its code. */
export function expectedOf(model: Model, { operation, place, collection, name, back }: Target): string {
  const vault = model.vaults[place];
  if (vault.state !== 'live') return vaultNotFound;
  const missing = (answer: string) => (answer === '404' ? `404 ${nouns[collection]}NotFound` : answer);
  if (operation === 'cancel' || operation === 'forget') return pendingAnswer(model, { vault, operation, name });
  if (!reads.has(operation) && isManaged(vault, collection, name)) {
    return `403 ${nouns[collection]}ManagedByKeyVault`;
  }
  const object = objectOf(vault, collection, name);
  const phase = phaseOf(object, model.now);
  if (collection === 'secrets' && operation === 'get' && phase === 'none' && isIntended(model, vault, name)) {
    return '403 SecretDisabled';
  }
  const answer = missing(answers[operation][phase]);
  if (collection !== 'certificates') return isNoVersion(object, back) && phase === 'live' ? missing('404') : answer;
  if (makes.has(operation)) {
    if (vault.pendings.get(name.toLowerCase())?.status === 'inProgress') return '409 Forbidden';
    const isFree = answer.startsWith('20');
    const other = isFree ? otherOf(vault, name) : undefined;
    if (other !== undefined) return takenBy(other);
    return isFree && operation === 'create' ? '202' : answer;
  }
  // A certificate that was never issued frees its name while it is deleted.
  const other = object?.isIssued === false ? otherOf(vault, name) : undefined;
  if (operation === 'recover' && phase === 'deleted' && other !== undefined) return takenBy(other);
  return isNoVersion(object, back) && phase === 'live' ? missing('404') : answer;
}

/** A version that never existed. */
function isNoVersion(object: ModelObject | undefined, back: number | undefined): boolean {
  return back !== undefined && object?.versions.at(-1 - back) === undefined;
}

/** Whether a certificate is to be seen that is not issued yet: its secret counts as there, and disabled. */
function isIntended({ now }: Model, vault: ModelVault, name: string): boolean {
  const certificate = vault.objects.certificates.get(name.toLowerCase());
  return certificate?.isIssued === false && phaseOf(certificate, now) === 'live';
}

/** The operation under a certificate's name, which is to be seen where the certificate is. */
export function seenPending({ now }: Model, vault: ModelVault, name: string): Pending | undefined {
  const certificate = vault.objects.certificates.get(name.toLowerCase());
  return phaseOf(certificate, now) === 'live' ? vault.pendings.get(name.toLowerCase()) : undefined;
}

function pendingAnswer(
  model: Model,
  { vault, operation, name }: { vault: ModelVault; operation: 'cancel' | 'forget'; name: string },
): string {
  const pending = seenPending(model, vault, name);
  if (pending === undefined) return '404 PendingCertificateNotFound';
  return operation === 'cancel' && pending.status !== 'inProgress' ? '403 Forbidden' : '200';
}

export function expectedRestore(
  model: Model,
  place: Place,
  asked: { collection: Collection; backup: ModelBackup },
): string {
  const { collection, backup } = asked;
  const vault = model.vaults[place];
  if (vault.state !== 'live') return vaultNotFound;
  if (place === 'foreign' || backup.collection !== collection) return '400 BadParameter';
  return isTaken(vault, collection, backup.name) ? '409 Conflict' : '200';
}

/** The operation, and the version in its answer. */
export interface Done extends Target {
  readonly tag: string;
  readonly made: Pick<ModelVersion, 'id' | 'content'>;
}

type Effect = (model: Model, done: Done) => void;

/** The effects of operations on a name. Reads have none. */
const effects: Readonly<Partial<Record<Operation, Effect>>> = {
  create(model, done) {
    if (done.collection === 'certificates') begin(model, done, model.now + issueMs);
    else addVersion(model, done);
  },
  request: (model, done) => begin(model, done, undefined),
  import(model, done) {
    addVersion(model, done);
    vaultOf(model, done).pendings.delete(done.name.toLowerCase());
  },
  update(model, { back = 0, tag, ...done }) {
    const version = existing(model, done).versions.at(-1 - back);
    assert.ok(version !== undefined);
    version.tag = tag;
  },
  delete(model, done) {
    const object = existing(model, done);
    object.deletedDate = Math.floor(model.now / 1000);
    object.completeAt = model.now + transitionMs;
    if (done.collection !== 'certificates') return;
    const pending = vaultOf(model, done).pendings.get(done.name.toLowerCase());
    if (pending?.status === 'inProgress') pending.status = 'cancelled';
  },
  recover(model, done) {
    const object = existing(model, done);
    object.deletedDate = undefined;
    object.completeAt = model.now + transitionMs;
  },
  purge(model, done) {
    Object.assign(existing(model, done), { isPurged: true, versions: [], completeAt: model.now + transitionMs });
    if (done.collection === 'certificates') vaultOf(model, done).pendings.delete(done.name.toLowerCase());
  },
  cancel(model, done) {
    const pending = pendingOf(model, done);
    pending.cancelled = true;
    pending.readyAt ??= model.now + issueMs;
  },
  forget(model, done) {
    vaultOf(model, done).pendings.delete(done.name.toLowerCase());
  },
};

export function apply(model: Model, done: Done): void {
  effects[done.operation]?.(model, done);
}

/** The same of a restore. */
export function applyRestore(model: Model, place: Place, { collection, name, isIssued, versions }: ModelBackup): void {
  const restored = structuredClone([...versions]);
  const object = { name, versions: restored, isIssued, deletedDate: undefined, completeAt: 0, isPurged: false };
  model.vaults[place].objects[collection].set(name.toLowerCase(), object);
}

function addVersion(model: Model, done: Done): void {
  const version = { ...done.made, tag: done.tag };
  const objects = vaultOf(model, done).objects[done.collection];
  const object = objects.get(done.name.toLowerCase());
  if (object === undefined) {
    const facts = { isIssued: true, deletedDate: undefined, completeAt: 0, isPurged: false };
    objects.set(done.name.toLowerCase(), { name: done.name, versions: [version], ...facts });
    return;
  }
  // A certificate that was never issued leaves nothing behind.
  object.versions = object.isIssued ? [...object.versions, version] : [version];
  object.isIssued = true;
}

/** A certificate is under way. The first version of one is to be seen before it is issued. */
function begin(model: Model, done: Done, readyAt: number | undefined): void {
  const vault = vaultOf(model, done);
  const { name, tag } = done;
  vault.pendings.set(name.toLowerCase(), { status: 'inProgress', cancelled: false, readyAt, tag });
  const object = vault.objects.certificates.get(name.toLowerCase());
  if (object?.isIssued === true) return;
  const versions = [{ id: undefined, tag, content: undefined }];
  const facts = { isIssued: false, deletedDate: undefined, completeAt: 0, isPurged: false };
  vault.objects.certificates.set(name.toLowerCase(), { name: object?.name ?? name, versions, ...facts });
}

/** Moves the clock on: certificates are issued, and objects whose retention is over are purged. */
export function pass(model: Model, ms: number): void {
  model.now += ms;
  for (const vault of Object.values(model.vaults)) {
    if (vault.state === 'deleted' && isOver(vault.deletedDate, model.now))
      Object.assign(vault, nothing(), { state: 'none' });
    for (const [key, pending] of vault.pendings) {
      if (pending.status === 'inProgress' && (pending.readyAt ?? Infinity) <= model.now) end(vault, key, pending);
    }
    for (const collection of collections) {
      for (const [key, { deletedDate, isPurged, completeAt }] of vault.objects[collection]) {
        const isGone = isPurged ? completeAt <= model.now : deletedDate !== undefined && isOver(deletedDate, model.now);
        if (!isGone) continue;
        vault.objects[collection].delete(key);
        if (collection === 'certificates') vault.pendings.delete(key);
      }
    }
  }
}

function end(vault: ModelVault, key: string, pending: Pending): void {
  pending.status = pending.cancelled ? 'cancelled' : 'completed';
  const object = vault.objects.certificates.get(key);
  assert.ok(object !== undefined, 'an operation goes with its certificate');
  if (pending.cancelled) return;
  if (object.isIssued) object.versions.push({ id: undefined, tag: pending.tag, content: undefined });
  object.isIssued = true;
}

function isOver(deletedDate: number, now: number): boolean {
  return (deletedDate + retentionSeconds) * 1000 <= now;
}

export function scheduledPurgeDate(deletedDate: number): number {
  return deletedDate + retentionSeconds;
}

export type VaultOperation = 'put' | 'delete' | 'recover' | 'purge';

/** Operations on the vault itself take no time. */
export const vaultAnswers: Readonly<Record<VaultOperation, Readonly<Record<ModelVault['state'], string>>>> = {
  put: { none: '200', live: '200', deleted: '409 ConflictError' },
  delete: { none: '204', live: '200', deleted: '204' },
  recover: { none: '404 SoftDeletedVaultDoesNotExist', live: '404 SoftDeletedVaultDoesNotExist', deleted: '200' },
  purge: { none: '404 DeletedVaultNotFound', live: '404 DeletedVaultNotFound', deleted: '202' },
};

/** Like `apply`, for an operation on a vault. Its objects are deleted and recovered with it. */
export function applyToVault(model: Model, operation: VaultOperation, vault: ModelVault): void {
  if (!vaultAnswers[operation][vault.state].startsWith('20')) return;
  if (operation === 'put' || operation === 'recover') vault.state = 'live';
  if (operation === 'delete' && vault.state === 'live') {
    vault.state = 'deleted';
    vault.deletedDate = Math.floor(model.now / 1000);
  }
  if (operation === 'purge') Object.assign(vault, nothing(), { state: 'none' });
}

function vaultOf(model: Model, { place }: Pick<Target, 'place'>): ModelVault {
  return model.vaults[place];
}

function existing(model: Model, done: Pick<Target, 'place' | 'collection' | 'name'>): ModelObject {
  const object = vaultOf(model, done).objects[done.collection].get(done.name.toLowerCase());
  assert.ok(object !== undefined, `${done.name} is in the model`);
  return object;
}

function pendingOf(model: Model, done: Done): Pending {
  const pending = vaultOf(model, done).pendings.get(done.name.toLowerCase());
  assert.ok(pending !== undefined, `an operation of ${done.name} is in the model`);
  return pending;
}
