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

/** How answers and the audit log show the objects of a collection. */
export interface View<C extends Collection> {
  readonly collection: C;
  /** Without the value of a secret. */
  readonly bundle: (call: Call, object: ObjectRecord<VersionOf<C>>, is: { readonly isPending: boolean }) => object;
  /** An item of a list. Its id has a version only in a list of versions. */
  readonly item: (call: Call, object: ObjectRecord<VersionOf<C>>, version?: string) => object;
  /** An item of a list of deleted objects, if it has fewer members. */
  readonly deletedItem?: (call: Call, object: ObjectRecord<VersionOf<C>>) => object;
  readonly audit: (version: VersionOf<C>) => Readonly<Record<string, unknown>>;
  /** Which versions are listed, by the `includePending` of the request. If it is missing, all are. */
  readonly isListed?: (includePending: string | undefined) => Outcome<(version: VersionOf<C>) => boolean>;
}

/** The operations that every collection has. */
export function lifeCycleOperations<C extends Collection>(view: View<C>): readonly OperationCard[] {
  return [
    list(view),
    listOfVersions(view),
    listOfDeleted(view),
    remove(view),
    getDeleted(view),
    recover(view),
    purge(view),
    backup(view),
    restore(view),
  ];
}

/** GET /secrets */
function list<C extends Collection>(view: View<C>): OperationCard {
  const { collection, item } = view;
  const path = `/${collection}`;
  return {
    name: `${collectionNouns[collection]}List`,
    permission: `${collection}/list`,
    method: 'GET',
    path,
    *run(call) {
      const request = listRequest(call, view, call.query['includePending']);
      if (!request.ok) return request;
      const page = yield* listObjects(call.vault, collection, request.page);
      return listAnswer(call, path, listed(page, request.isListed), (object) => item(call, object));
    },
  };
}

/** GET /secrets/{name}/versions */
function listOfVersions<C extends Collection>(view: View<C>): OperationCard {
  const { collection, item } = view;
  return {
    name: `${collectionNouns[collection]}ListVersions`,
    permission: `${collection}/list`,
    method: 'GET',
    path: `/${collection}/:name/versions`,
    *run(call) {
      const name = objectName(call);
      if (!name.ok) return name;
      const request = listRequest(call, view);
      if (!request.ok) return request;
      const page = yield* listVersions(call.vault, collection, { ...request.page, name: name.value });
      const path = `/${collection}/${name.value}/versions`;
      const render = (object: ObjectRecord<VersionOf<C>>) => item(call, object, object.current.version);
      return listAnswer(call, path, listed(page, request.isListed), render);
    },
  };
}

/** GET /deletedsecrets */
function listOfDeleted<C extends Collection>(view: View<C>): OperationCard {
  const { collection, deletedItem = view.item } = view;
  const path = `/deleted${collection}`;
  return {
    name: `${collectionNouns[collection]}ListDeleted`,
    permission: `${collection}/list`,
    method: 'GET',
    path,
    *run(call) {
      const request = listRequest(call, view, call.query['includePending']);
      if (!request.ok) return request;
      const page = yield* listDeleted(call.vault, collection, request.page);
      return listAnswer(call, path, listed(page, request.isListed), (object) => ({
        ...deletedFacts(call, collection, object),
        ...deletedItem(call, object),
      }));
    },
  };
}

/** DELETE /secrets/{name}: soft-deletes the object with all its versions, a certificate with its key and its secret. */
function remove<C extends Collection>(view: View<C>): OperationCard {
  const { collection } = view;
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
      return deletedAnswer(call, view, yield* removed(call.vault, { name: name.value, nowSeconds }));
    },
  };
}

/** GET /deletedsecrets/{name} */
function getDeleted<C extends Collection>(view: View<C>): OperationCard {
  const { collection } = view;
  const { deleted }: LifeCycle<C> = lifeCycles[collection];
  return {
    name: `${collectionNouns[collection]}GetDeleted`,
    permission: `${collection}/get`,
    method: 'GET',
    path: `/deleted${collection}/:name`,
    *run(call) {
      const name = objectName(call);
      return name.ok ? deletedAnswer(call, view, yield* deleted(call.vault, name.value)) : name;
    },
  };
}

/** POST /deletedsecrets/{name}/recover */
function recover<C extends Collection>(view: View<C>): OperationCard {
  const { collection } = view;
  const { recover: recovered }: LifeCycle<C> = lifeCycles[collection];
  return {
    name: `${collectionNouns[collection]}Recover`,
    permission: `${collection}/recover`,
    method: 'POST',
    path: `/deleted${collection}/:name/recover`,
    *run(call) {
      const name = objectName(call);
      return name.ok ? livingAnswer(call, view, yield* recovered(call.vault, name.value)) : name;
    },
  };
}

/** DELETE /deletedsecrets/{name}: destroys the object with all its versions, a certificate with its key and its secret. */
function purge<C extends Collection>({ collection }: View<C>): OperationCard {
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
function backup<C extends Collection>({ collection }: View<C>): OperationCard {
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
function restore<C extends Collection>(view: View<C>): OperationCard {
  const { collection } = view;
  const { restore: restored }: LifeCycle<C> = lifeCycles[collection];
  return {
    name: `${collectionNouns[collection]}Restore`,
    permission: `${collection}/restore`,
    method: 'POST',
    path: `/${collection}/restore`,
    *run(call) {
      const blob = backupBlob(call.body);
      return blob.ok ? livingAnswer(call, view, yield* restored(call.vault, blob.value)) : blob;
    },
  };
}

type WithPending<T> = T & { readonly isPending?: boolean };

function livingAnswer<C extends Collection>(
  call: Call,
  { bundle, audit }: View<C>,
  outcome: Outcome<WithPending<RecordOf<C>>>,
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
  view: View<C>,
  outcome: Outcome<WithPending<DeletedOf<C>>>,
): Outcome<Answer> {
  if (!outcome.ok) return outcome;
  const facts = deletedFacts(call, view.collection, outcome.value);
  const { bundle } = view;
  return livingAnswer(call, { ...view, bundle: (...request) => ({ ...facts, ...bundle(...request) }) }, outcome);
}

/** The members that a soft-deleted object has besides those of its bundle or item. */
function deletedFacts(call: Call, collection: Collection, object: DeletedObjectRecord<ObjectVersion>) {
  return {
    recoveryId: `${call.origin}/deleted${collection}/${object.name}`,
    deletedDate: object.deletedDate,
    scheduledPurgeDate: object.scheduledPurgeDate,
  };
}

function listRequest<C extends Collection>(call: Call, { isListed }: View<C>, includePending?: string) {
  const request = pageRequest(call);
  if (!request.ok) return request;
  const is = isListed?.(includePending);
  if (is?.ok === false) return is;
  return { ...request, isListed: is?.value };
}

/** The page with only the items that are listed. It may be shorter than other pages, or empty. */
function listed<R extends { readonly current: unknown }>(
  page: Page<R>,
  isListed: ((version: R['current']) => boolean) | undefined,
): Page<R> {
  return isListed === undefined ? page : { ...page, items: page.items.filter(({ current }) => isListed(current)) };
}

function listAnswer<T>(call: Call, path: string, page: Page<T>, render: (item: T) => object): Outcome<Answer> {
  return { ok: true, value: { status: 200, body: listBody(call, path, page, render) } };
}
