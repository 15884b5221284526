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
import { rememberingStore } from './remembering-store.ts';

/** What stands after the id of what has the tags. */
export const tagsTail = '/providers/Microsoft.Resources/tags/default';

/** What the tags of a scope are made of those that it has. */
export type ChangeOfTags = (before: Tags) => ResourceOutcome<Tags>;

export async function readTagsAt(call: ControlCall, cards: readonly ControlOperation[]): Promise<ControlOutcome> {
  const scope = scopeOf(call);
  const found = await perform('GET', scope, { call, cards });
  return found.ok ? tagsAnswer(scope, tagsIn(found)) : found;
}

/**
 * Changes the tags of a scope by the operation that changes what has them: it knows what goes with that, such as a new
 * ETag. The permission to write tags is enough, as on Azure.
 */
export async function changeTagsAt(
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
