import { subscriptionKey } from '../../resources/keys.ts';
import { membersOf } from '../../resources/members.ts';
import type { ResourceOutcome } from '../../resources/refusal.ts';
import { parseScope, idSegments } from '../../resources/scope-id.ts';
import type { Tags } from '../../resources/tags.ts';
import { decode, encode } from '../../store/store.ts';
import type { SubscriptionRecord } from '../../types/resource-group.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { matchRoute } from '../route.ts';
import type { Store, StoredRecord } from '../../store/store.ts';
import { changeTags, readTags } from '../../resources/tags.ts';
import { vaultPath } from '../vaults/resource.ts';
import { tagNameOperations } from './tag-names.ts';

/** What stands after the id of what has the tags. */
const tagsTail = '/providers/Microsoft.Resources/tags/default';

/** What the tags of a scope are made of those that it has. */
type ChangeOfTags = (before: Tags) => ResourceOutcome<Tags>;

async function readTagsAt(call: ControlCall, cards: readonly ControlOperation[]): Promise<ControlOutcome> {
  const scope = scopeOf(call);
  const found = await perform('GET', scope, { call, cards });
  return found.ok ? tagsAnswer(scope, tagsIn(found)) : found;
}

/**
 * Changes the tags of a scope by the operation that changes what has them: it knows what goes with that, such as a new
 * ETag. The permission to write tags is enough, as on Azure.
 */
async function changeTagsAt(
  asked: ControlCall,
  change: ChangeOfTags,
  cards: readonly ControlOperation[],
): Promise<ControlOutcome> {
  const call = { ...asked, store: rememberingStore(asked.store) };
  const scope = scopeOf(call);
  const found = await perform('GET', scope, { call, cards });
  if (!found.ok) return found;
  const tags = change(tagsIn(found));
  if (!tags.ok) return tags;
  const changed = await perform('PATCH', scope, { call: { ...call, body: { tags: tags.value } }, cards });
  return changed.ok ? { ...changed, ...tagsAnswer(scope, tags.value) } : changed;
}

function scopeOf({ path }: ControlCall): string {
  const id = idSegments(path).slice(0, -idSegments(tagsTail).length);
  return id.map((segment) => `/${segment}`).join('');
}

async function perform(
  method: 'GET' | 'PATCH',
  path: string,
  { call, cards }: { readonly call: ControlCall; readonly cards: readonly ControlOperation[] },
): Promise<ControlOutcome> {
  const scope = parseScope(path);
  // A secret's or key's tags are its version's, and its vault's firewall stands before them.
  if (scope === undefined || /^microsoft\.keyvault\/vaults\/./i.test(scope.type ?? '')) return noTags(path);
  if (scope.resourceGroup === undefined) return ofSubscription(method, call);
  const [patch, route] = ['PATCH', method].map((one) => matchRoute(cards, { method: one, path }));
  if (patch === undefined || route === undefined) return noTags(path);
  return route.operation.run({ ...call, path, params: route.params, query: {} });
}

/** Of all that has tags only a subscription cannot be changed otherwise. */
async function ofSubscription(
  method: 'GET' | 'PATCH',
  { store, subscription, body }: ControlCall,
): Promise<ControlOutcome> {
  const key = subscriptionKey(subscription.subscriptionId);
  const [record] = await store.read({ get: [key] });
  if (record === undefined) return refuse({ kind: 'subscriptionNotFound', id: subscription.subscriptionId });
  const found = decode<SubscriptionRecord>(record);
  if (method === 'GET') return answer(200, { tags: found.tags });
  const tagged = { ...found, tags: membersOf(body['tags']) };
  const require = [{ key, version: record.version }];
  return { ...answer(200), change: { require, put: [{ key, value: encode(tagged) }] } };
}

function tagsIn(found: Extract<ControlOutcome, { ok: true }>): Tags {
  const { tags } = membersOf(found.answer.body);
  return Object.fromEntries(Object.entries(membersOf(tags)).map(([name, value]) => [name, String(value)]));
}

function tagsAnswer(scope: string, tags: Tags) {
  const type = 'Microsoft.Resources/tags';
  return answer(200, { id: `${scope}${tagsTail}`, name: 'default', type, properties: { tags } });
}

function noTags(path: string) {
  return refuse({ kind: 'invalidProperty', message: `Tags are not supported by '${path}'.` });
}

/**
 * A store that gives a record as it was when it was first read. Two operations that run on it one after the other see one
 * state, so that what the second requires is what the first was answered from.
 */
function rememberingStore(store: Store): Store {
  const known = new Map<string, StoredRecord | undefined>();
  return {
    async read({ require, get }) {
      const records = await store.read({ ...(require !== undefined && { require }), get });
      for (const [index, key] of get.entries()) if (!known.has(key)) known.set(key, records[index]);
      return get.map((key) => known.get(key));
    },
    list: (request) => store.list(request),
    transact: (transaction) => store.transact(transaction),
    changes: (since, limit) => store.changes(since, limit),
    close: () => store.close(),
  };
}

function getTagsAtScope(cards: readonly ControlOperation[]): ControlOperation {
  return {
    method: 'GET',
    path: `{scope}${tagsTail}`,
    action: 'Microsoft.Resources/tags/read',
    audit: 'VaultGet',
    run: (call) => readTagsAt(call, cards),
  };
}

/** PUT: these tags in the place of all that there are. */
function createOrUpdateTagsAtScope(cards: readonly ControlOperation[]): ControlOperation {
  return {
    method: 'PUT',
    path: `{scope}${tagsTail}`,
    action: 'Microsoft.Resources/tags/write',
    audit: 'VaultPatch',
    async run(call) {
      const given = readTags(call.body['properties']);
      if (!given.ok) return given;
      const replace = { operation: 'Replace', given: given.value };
      return changeTagsAt(call, (before) => changeTags(before, replace), cards);
    },
  };
}

/** PATCH: merges these tags with those that there are, replaces all of them, or deletes some. */
function updateTagsAtScope(cards: readonly ControlOperation[]): ControlOperation {
  return {
    method: 'PATCH',
    path: `{scope}${tagsTail}`,
    action: 'Microsoft.Resources/tags/write',
    audit: 'VaultPatch',
    async run(call) {
      const given = readTags(call.body['properties']);
      if (!given.ok) return given;
      const asked = { operation: call.body['operation'], given: given.value };
      return changeTagsAt(call, (before) => changeTags(before, asked), cards);
    },
  };
}

/** DELETE: all of them. */
function deleteTagsAtScope(cards: readonly ControlOperation[]): ControlOperation {
  return {
    method: 'DELETE',
    path: `{scope}${tagsTail}`,
    action: 'Microsoft.Resources/tags/delete',
    audit: 'VaultPatch',
    async run(call) {
      const none = { operation: 'Replace', given: {} };
      const deleted = await changeTagsAt(call, (before) => changeTags(before, none), cards);
      return deleted.ok ? { ...deleted, ...answer(200) } : deleted;
    },
  };
}

/**
 * The names of tags, and tags at any scope, by the cards of what has them. Only where that is a vault do they have a
 * record in its log.
 */
export function tagsOperations(cards: readonly ControlOperation[]): readonly ControlOperation[] {
  const atScope = [createOrUpdateTagsAtScope, updateTagsAtScope, getTagsAtScope, deleteTagsAtScope].flatMap((make) => {
    const { audit: _, ...anywhere } = make(cards);
    return [{ ...make(cards), path: `${vaultPath}${tagsTail}` }, anywhere];
  });
  return [...tagNameOperations, ...atScope];
}
