import type { Answer } from '../http/answer.ts';
import { lifeCycles } from '../objects/life-cycle.ts';
import type { LifeCycle } from '../objects/life-cycle.ts';
import type {
  DeletedObjectRecord,
  DeletedOf,
  ObjectRecord,
  ObjectVersion,
  Outcome,
  RecordOf,
  VersionOf,
} from '../objects/object.ts';
import { listDeleted, listObjects, listVersions } from '../objects/read.ts';
import type { Page } from '../objects/read.ts';
import { collectionNouns } from '../types/collection.ts';
import type { Collection } from '../types/collection.ts';
import { backupBlob } from './body.ts';
import { listBody, objectName, pageRequest } from './operation.ts';
import type { Call, OperationCard } from './operation.ts';

/** How the objects of a collection are shown in answers and in the audit log. */
export interface Shown<C extends Collection> {
  readonly collection: C;
  /** Without what only the operations disclose that are for it. */
  readonly bundle: (call: Call, object: ObjectRecord<VersionOf<C>>, is: { readonly isPending: boolean }) => object;
  /** An item of a list; its id names no version unless it is one of a version. */
  readonly item: (call: Call, object: ObjectRecord<VersionOf<C>>, version?: string) => object;
  /** What the items of deleted objects have, where that is less. */
  readonly deletedItem?: (call: Call, object: ObjectRecord<VersionOf<C>>) => object;
  readonly audit: (version: VersionOf<C>) => Readonly<Record<string, unknown>>;
  /** Which versions a list has, by its `includePending`, where not all. */
  readonly isListed?: (includePending: string | undefined) => Outcome<(version: VersionOf<C>) => boolean>;
}

/** The operations that every collection has. */
export function lifeCycleOperations<C extends Collection>(shown: Shown<C>): readonly OperationCard[] {
  return [
    list(shown),
    listOfVersions(shown),
    listOfDeleted(shown),
    remove(shown),
    getDeleted(shown),
    recover(shown),
    purge(shown),
    backup(shown),
    restore(shown),
  ];
}

/** GET /secrets */
function list<C extends Collection>(shown: Shown<C>): OperationCard {
  const { collection, item } = shown;
  const path = `/${collection}`;
  return {
    name: `${collectionNouns[collection]}List`,
    permission: `${collection}/list`,
    method: 'GET',
    path,
    *run(call) {
      const asked = listAsked(call, shown, call.query['includePending']);
      if (!asked.ok) return asked;
      const page = yield* listObjects(call.vault, collection, asked.page);
      return listAnswer(call, path, listed(page, asked.isListed), (object) => item(call, object));
    },
  };
}

/** GET /secrets/{name}/versions */
function listOfVersions<C extends Collection>(shown: Shown<C>): OperationCard {
  const { collection, item } = shown;
  return {
    name: `${collectionNouns[collection]}ListVersions`,
    permission: `${collection}/list`,
    method: 'GET',
    path: `/${collection}/:name/versions`,
    *run(call) {
      const name = objectName(call);
      if (!name.ok) return name;
      const asked = listAsked(call, shown);
      if (!asked.ok) return asked;
      const page = yield* listVersions(call.vault, collection, { ...asked.page, name: name.value });
      const path = `/${collection}/${name.value}/versions`;
      const render = (object: ObjectRecord<VersionOf<C>>) => item(call, object, object.current.version);
      return listAnswer(call, path, listed(page, asked.isListed), render);
    },
  };
}

/** GET /deletedsecrets */
function listOfDeleted<C extends Collection>(shown: Shown<C>): OperationCard {
  const { collection, deletedItem = shown.item } = shown;
  const path = `/deleted${collection}`;
  return {
    name: `${collectionNouns[collection]}ListDeleted`,
    permission: `${collection}/list`,
    method: 'GET',
    path,
    *run(call) {
      const asked = listAsked(call, shown, call.query['includePending']);
      if (!asked.ok) return asked;
      const page = yield* listDeleted(call.vault, collection, asked.page);
      return listAnswer(call, path, listed(page, asked.isListed), (object) => ({
        ...deletedFacts(call, collection, object),
        ...deletedItem(call, object),
      }));
    },
  };
}

/** DELETE /secrets/{name}: soft-deletes the object with all its versions, a certificate with its key and its secret. */
function remove<C extends Collection>(shown: Shown<C>): OperationCard {
  const { collection } = shown;
  const { remove: removed }: LifeCycle<C> = lifeCycles[collection];
  return {
    name: `${collectionNouns[collection]}Delete`,
    permission: `${collection}/delete`,
    method: 'DELETE',
    path: `/${collection}/:name`,
    *run(call) {
      const name = objectName(call);
      if (!name.ok) return name;
      const { nowSeconds } = call;
      return deletedAnswer(call, shown, yield* removed(call.vault, { name: name.value, nowSeconds }));
    },
  };
}

/** GET /deletedsecrets/{name} */
function getDeleted<C extends Collection>(shown: Shown<C>): OperationCard {
  const { collection } = shown;
  const { deleted }: LifeCycle<C> = lifeCycles[collection];
  return {
    name: `${collectionNouns[collection]}GetDeleted`,
    permission: `${collection}/get`,
    method: 'GET',
    path: `/deleted${collection}/:name`,
    *run(call) {
      const name = objectName(call);
      return name.ok ? deletedAnswer(call, shown, yield* deleted(call.vault, name.value)) : name;
    },
  };
}

/** POST /deletedsecrets/{name}/recover */
function recover<C extends Collection>(shown: Shown<C>): OperationCard {
  const { collection } = shown;
  const { recover: recovered }: LifeCycle<C> = lifeCycles[collection];
  return {
    name: `${collectionNouns[collection]}Recover`,
    permission: `${collection}/recover`,
    method: 'POST',
    path: `/deleted${collection}/:name/recover`,
    *run(call) {
      const name = objectName(call);
      return name.ok ? livingAnswer(call, shown, yield* recovered(call.vault, name.value)) : name;
    },
  };
}

/** DELETE /deletedsecrets/{name}: destroys the object with all its versions, a certificate with its key and its secret. */
function purge<C extends Collection>({ collection }: Shown<C>): OperationCard {
  const { purge: purged }: LifeCycle<C> = lifeCycles[collection];
  return {
    name: `${collectionNouns[collection]}Purge`,
    permission: `${collection}/purge`,
    method: 'DELETE',
    path: `/deleted${collection}/:name`,
    *run(call) {
      const name = objectName(call);
      if (!name.ok) return name;
      const outcome = yield* purged(call.vault, name.value);
      return outcome.ok ? { ...outcome, value: { status: 204 } } : outcome;
    },
  };
}

/** POST /secrets/{name}/backup: all versions as one sealed blob; of a certificate, with their keys and secrets. */
function backup<C extends Collection>({ collection }: Shown<C>): OperationCard {
  const { backup: backedUp }: LifeCycle<C> = lifeCycles[collection];
  return {
    name: `${collectionNouns[collection]}Backup`,
    permission: `${collection}/backup`,
    method: 'POST',
    path: `/${collection}/:name/backup`,
    *run(call) {
      const name = objectName(call);
      if (!name.ok) return name;
      const blob = yield* backedUp(call.vault, name.value);
      return blob.ok ? { ...blob, value: { status: 200, body: { value: blob.value } } } : blob;
    },
  };
}

/** POST /secrets/restore: the object of a backup, under its own name and with its versions. */
function restore<C extends Collection>(shown: Shown<C>): OperationCard {
  const { collection } = shown;
  const { restore: restored }: LifeCycle<C> = lifeCycles[collection];
  return {
    name: `${collectionNouns[collection]}Restore`,
    permission: `${collection}/restore`,
    method: 'POST',
    path: `/${collection}/restore`,
    *run(call) {
      const blob = backupBlob(call.body);
      return blob.ok ? livingAnswer(call, shown, yield* restored(call.vault, blob.value)) : blob;
    },
  };
}

type Told<T> = T & { readonly isPending?: boolean };

function livingAnswer<C extends Collection>(
  call: Call,
  { bundle, audit }: Shown<C>,
  outcome: Outcome<Told<RecordOf<C>>>,
): Outcome<Answer> {
  if (!outcome.ok) return outcome;
  const { isPending = false, current } = outcome.value;
  return {
    ...outcome,
    value: { status: 200, body: bundle(call, outcome.value, { isPending }) },
    audit: audit(current),
  };
}

function deletedAnswer<C extends Collection>(
  call: Call,
  shown: Shown<C>,
  outcome: Outcome<Told<DeletedOf<C>>>,
): Outcome<Answer> {
  if (!outcome.ok) return outcome;
  const facts = deletedFacts(call, shown.collection, outcome.value);
  const { bundle } = shown;
  return livingAnswer(call, { ...shown, bundle: (...asked) => ({ ...facts, ...bundle(...asked) }) }, outcome);
}

/** What a soft-deleted object has beside its bundle or item. */
function deletedFacts(call: Call, collection: Collection, object: DeletedObjectRecord<ObjectVersion>) {
  return {
    recoveryId: `${call.origin}/deleted${collection}/${object.name}`,
    deletedDate: object.deletedDate,
    scheduledPurgeDate: object.scheduledPurgeDate,
  };
}

function listAsked<C extends Collection>(call: Call, { isListed }: Shown<C>, includePending?: string) {
  const asked = pageRequest(call);
  if (!asked.ok) return asked;
  const is = isListed?.(includePending);
  if (is?.ok === false) return is;
  return { ...asked, isListed: is?.value };
}

/** A page of those alone that the list has: it may be shorter than others, or empty. */
function listed<R extends { readonly current: unknown }>(
  page: Page<R>,
  isListed: ((version: R['current']) => boolean) | undefined,
): Page<R> {
  return isListed === undefined ? page : { ...page, items: page.items.filter(({ current }) => isListed(current)) };
}

function listAnswer<T>(call: Call, path: string, page: Page<T>, render: (item: T) => object): Outcome<Answer> {
  return { ok: true, value: { status: 200, body: listBody(call, path, page, render) } };
}
