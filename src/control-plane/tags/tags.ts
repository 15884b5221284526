import { idSegments, parseScope, subscriptionKey } from '../../resources/keys.ts';
import { membersOf } from '../../resources/refusal.ts';
import type { ResourceOutcome } from '../../resources/refusal.ts';
import type { Tags } from '../../resources/tags.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import { readEach } from '../../store/store.ts';
import { answer, badRequest, orRefuse, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome, ControlServices } from '../operation.ts';
import { idOf, routerOf } from '../request.ts';
import type { FindRoute } from '../request.ts';
import type { Store, StoredRecord } from '../../store/store.ts';
import { changeTags, readTags } from '../../resources/tags.ts';
import { vaultPath } from '../vaults/resource.ts';
import { tagNameOperations } from './tag-names.ts';

/** The end of a path to tags, after the id of the tagged resource. */
const tagsTail = '/providers/Microsoft.Resources/tags/default';

/** Computes the new tags of a scope from its current ones. */
type ChangeOfTags = (before: Tags) => ResourceOutcome<Tags>;

/** A request about the tags of a scope, and the router that finds the operations of the tagged resource. */
interface Asked {
  readonly call: ControlCall;
  readonly services: ControlServices;
  readonly find: FindRoute;
}

async function readTagsAt(asked: Asked): Promise<ControlOutcome> {
  const scope = scopeOf(asked.call);
  return tagsAnswer(scope, tagsIn(await perform('GET', scope, asked)));
}

/**
 * Changes the tags of a scope through the PATCH of the tagged resource, which also updates its ETag and whatever else
 * depends on a change. The permission to write tags is enough, as on Azure.
 */
async function changeTagsAt(asked: Asked, change: ChangeOfTags): Promise<ControlOutcome> {
  const call = { ...asked.call, store: rememberingStore(asked.call.store) };
  const scope = scopeOf(call);
  const found = await perform('GET', scope, { ...asked, call });
  const tags = orRefuse(change(tagsIn(found)));
  const changed = await perform('PATCH', scope, { ...asked, call: { ...call, body: { tags } } });
  return { ...changed, ...tagsAnswer(scope, tags) };
}

function scopeOf({ path }: ControlCall): string {
  return idOf(idSegments(path).slice(0, -idSegments(tagsTail).length));
}

async function perform(
  method: 'GET' | 'PATCH',
  path: string,
  { call, services, find }: Asked,
): Promise<ControlOutcome> {
  const scope = parseScope(path);
  // The tags of a secret or key belong to a version of it, and the vault's firewall protects them.
  if (scope === undefined || /^microsoft\.keyvault\/vaults\/./i.test(scope.type ?? '')) return noTags(path);
  if (scope.resourceGroup === undefined) return ofSubscription(method, call);
  const segments = idSegments(path);
  const route = find('PATCH', segments) && find(method, segments);
  if (route === undefined) return noTags(path);
  return route.operation.run({ ...call, path, params: route.params, query: {} }, services);
}

/** The tags of a subscription, which has no PATCH of its own. */
async function ofSubscription(
  method: 'GET' | 'PATCH',
  { store, subscription, body }: ControlCall,
): Promise<ControlOutcome> {
  const key = subscriptionKey(subscription.subscriptionId);
  const [record] = await readRecords(store, { get: [key] });
  if (record === undefined) return refuse({ kind: 'subscriptionNotFound', id: subscription.subscriptionId });
  const found = record.value;
  if (method === 'GET') return answer(200, { tags: found.tags });
  const tagged = { ...found, tags: membersOf(body['tags']) };
  const require = [{ key, version: record.version }];
  return { ...answer(200), change: { require, put: [recordPut(key, tagged)] } };
}

function tagsIn({ answer: { body } }: ControlOutcome): Tags {
  const { tags } = membersOf(body);
  return Object.fromEntries(Object.entries(membersOf(tags)).map(([name, value]) => [name, String(value)]));
}

function tagsAnswer(scope: string, tags: Tags) {
  const type = 'Microsoft.Resources/tags';
  return answer(200, { id: `${scope}${tagsTail}`, name: 'default', type, properties: { tags } });
}

function noTags(path: string): never {
  return badRequest(`Tags are not supported by '${path}'.`);
}

/**
 * A store that returns each record as it was first read. Two operations that run on it one after the other see one
 * state, so the requirement of the second is the state from which the first was answered.
 */
function rememberingStore(store: Store): Store {
  const known = new Map<string, StoredRecord | undefined>();
  const read: Store['read'] = async ({ require, get }) => {
    const records = await store.read({ ...(require !== undefined && { require }), get });
    for (const [index, key] of get.entries()) if (!known.has(key)) known.set(key, records[index]);
    return get.map((key) => known.get(key));
  };
  const list: Store['list'] = (request) => store.list(request);
  return {
    read,
    list,
    readMany: (requests) => readEach({ read, list }, requests),
    transact: (transaction) => store.transact(transaction),
    changes: (since, limit) => store.changes(since, limit),
    close: () => store.close(),
  };
}

type RunAtScope = (asked: Asked) => Promise<ControlOutcome>;

/** PUT: replaces all tags with these. */
async function replaceTags(asked: Asked): Promise<ControlOutcome> {
  const given = orRefuse(readTags(asked.call.body['properties']));
  return changeTagsAt(asked, (before) => changeTags(before, { operation: 'Replace', given }));
}

/** PATCH: merges these tags with the current ones, replaces all of them, or deletes some. */
async function updateTags(asked: Asked): Promise<ControlOutcome> {
  const { operation, properties } = asked.call.body;
  const given = orRefuse(readTags(properties));
  return changeTagsAt(asked, (before) => changeTags(before, { operation, given }));
}

/** DELETE: deletes all tags. */
async function deleteTags(asked: Asked): Promise<ControlOutcome> {
  const deleted = await changeTagsAt(asked, (before) => changeTags(before, { operation: 'Replace', given: {} }));
  return { ...deleted, ...answer(200) };
}

/** The operations on the tags of a scope, and their names in the audit log of a vault. */
const atScope: readonly (Pick<ControlOperation, 'method'> & {
  readonly verb: string;
  readonly audit: string;
  readonly at: RunAtScope;
})[] = [
  { method: 'PUT', verb: 'write', audit: 'VaultPatch', at: replaceTags },
  { method: 'PATCH', verb: 'write', audit: 'VaultPatch', at: updateTags },
  { method: 'GET', verb: 'read', audit: 'VaultGet', at: readTagsAt },
  { method: 'DELETE', verb: 'delete', audit: 'VaultPatch', at: deleteTags },
];

/**
 * The operations on tag names and on the tags of any scope, which use the cards of the tagged resources. Only those on
 * a vault have a record in its log.
 */
export function tagsOperations(cards: readonly ControlOperation[]): readonly ControlOperation[] {
  const find = routerOf(cards);
  const operations = atScope.flatMap(({ method, verb, audit, at }): readonly ControlOperation[] => {
    const card = {
      method,
      action: `Microsoft.Resources/tags/${verb}`,
      run: (call: ControlCall, services: ControlServices) => at({ call, services, find }),
    };
    return [
      { ...card, path: `${vaultPath}${tagsTail}`, audit },
      { ...card, path: `{scope}${tagsTail}` },
    ];
  });
  return [...tagNameOperations, ...operations];
}
