import { lifeCycles } from '../objects/life-cycle.ts';
import type { LifeCycle } from '../objects/life-cycle.ts';
import type {
  DeletedObjectRecord,
  DeletedOf,
  Done,
  ObjectRecord,
  ObjectVersion,
  RecordOf,
  VersionOf,
} from '../objects/object.ts';
import { listDeleted, listObjects, listVersions } from '../objects/read.ts';
import type { Page, PageRequest } from '../objects/read.ts';
import { collectionNouns } from '../types/collection.ts';
import type { Collection } from '../types/collection.ts';
import { readAs, restoreBody } from './body.ts';
import { answer, listAnswer, objectName, orRefuse, pageRequest } from './operation.ts';
import type { Call, OperationCard, OperationResult } from './operation.ts';

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
  /** Which versions are listed, by the `includePending` of the request. If this is missing, all are. */
  readonly isListed?: (includePending: string | undefined) => (version: VersionOf<C>) => boolean;
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
      const page = yield* listObjects(call.vault, collection, request);
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
      const request = listRequest(call, view);
      const page = yield* listVersions(call.vault, collection, { ...request, name });
      const path = `/${collection}/${name}/versions`;
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
      const page = yield* listDeleted(call.vault, collection, request);
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
      const asked = { name: objectName(call), nowSeconds: call.nowSeconds };
      return deletedAnswer(call, view, orRefuse(yield* removed(call.vault, asked)));
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
      return deletedAnswer(call, view, orRefuse(yield* deleted(call.vault, objectName(call))));
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
      return livingAnswer(call, view, orRefuse(yield* recovered(call.vault, objectName(call))));
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
      const { change } = orRefuse(yield* purged(call.vault, objectName(call)));
      return answer(204, undefined, change);
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
      const { value, change } = orRefuse(yield* backedUp(call.vault, objectName(call)));
      return answer(200, { value }, change);
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
      const { value: blob } = readAs(restoreBody, call.body);
      return livingAnswer(call, view, orRefuse(yield* restored(call.vault, blob)));
    },
  };
}

type WithPending<T> = T & { readonly isPending?: boolean };

function livingAnswer<C extends Collection>(
  call: Call,
  { bundle, audit }: View<C>,
  { value: object, change }: Done<WithPending<RecordOf<C>>>,
): OperationResult {
  const { isPending = false, current } = object;
  return { ...answer(200, bundle(call, object, { isPending }), change), audit: audit(current) };
}

function deletedAnswer<C extends Collection>(
  call: Call,
  view: View<C>,
  deleted: Done<WithPending<DeletedOf<C>>>,
): OperationResult {
  const facts = deletedFacts(call, view.collection, deleted.value);
  const { bundle } = view;
  return livingAnswer(call, { ...view, bundle: (...request) => ({ ...facts, ...bundle(...request) }) }, deleted);
}

/** The members that a soft-deleted object has besides those of its bundle or item. */
function deletedFacts(call: Call, collection: Collection, object: DeletedObjectRecord<ObjectVersion>) {
  return {
    recoveryId: `${call.origin}/deleted${collection}/${object.name}`,
    deletedDate: object.deletedDate,
    scheduledPurgeDate: object.scheduledPurgeDate,
  };
}

interface ListRequest<C extends Collection> extends PageRequest {
  readonly isListed: ((version: VersionOf<C>) => boolean) | undefined;
}

function listRequest<C extends Collection>(call: Call, { isListed }: View<C>, includePending?: string): ListRequest<C> {
  return { ...pageRequest(call), isListed: isListed?.(includePending) };
}

/** The page with only the items that are listed. It may be shorter than other pages, or empty. */
function listed<R extends { readonly current: unknown }>(
  page: Page<R>,
  isListed: ((version: R['current']) => boolean) | undefined,
): Page<R> {
  return isListed === undefined ? page : { ...page, items: page.items.filter(({ current }) => isListed(current)) };
}
