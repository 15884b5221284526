import { resourceGroupPrefix } from '../../resources/keys.ts';
import { tagNamesOf } from '../../resources/tags.ts';
import type { TagName, Tags } from '../../resources/tags.ts';
import { answer, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { resourceGroupResource } from '../resource-groups/resource-groups.ts';
import { sources } from '../resources/list.ts';
import { walk } from '../list.ts';

const groupRead = 'Microsoft.Resources/subscriptions/resourceGroups/read';

/**
 * The tag names of the groups and resources that the caller may read, with their values and the number of each (Tags -
 * List).
 */
const listTagNames: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/tagNames',
  action: 'Microsoft.Resources/subscriptions/tagNames/read',
  shows: 'visible',
  async run(call) {
    const tags = [...(await tagsOfGroups(call)), ...(await tagsOfResources(call))];
    const { subscriptionId } = call.subscription;
    return answer(200, { value: tagNamesOf(tags).map((name) => tagNameResource(subscriptionId, name)) });
  },
};

async function tagsOfGroups({ store, subscription, access }: ControlCall): Promise<readonly Tags[]> {
  const prefix = resourceGroupPrefix(subscription.subscriptionId);
  const tags: Tags[] = [];
  for await (const records of walk(store, prefix)) {
    const groups = records.map((record) => resourceGroupResource(record.value));
    tags.push(...groups.filter(({ id }) => access.may(groupRead, id)).map((group) => group.tags));
  }
  return tags;
}

async function tagsOfResources(call: ControlCall): Promise<readonly Tags[]> {
  const { store, subscription, access } = call;
  const tags: Tags[] = [];
  for (const source of sources) {
    for await (const records of walk(store, source.prefix(subscription.subscriptionId, undefined))) {
      const resources = await source.read(call, records);
      const seen = resources.filter(({ type, shown }) => access.may(`${type}/read`, shown.id));
      tags.push(...seen.map((resource) => resource.tags));
    }
  }
  return tags;
}

function tagNameResource(subscriptionId: string, { name, count, values }: TagName) {
  const id = `/subscriptions/${subscriptionId}/tagNames/${name}`;
  return {
    id,
    tagName: name,
    count: total(count),
    values: [...values].map(([tagValue, valueCount]) => ({
      id: `${id}/tagValues/${tagValue}`,
      tagValue,
      count: total(valueCount),
    })),
  };
}

function total(value: number) {
  return { type: 'Total', value };
}

const tagName = '/subscriptions/:subscriptionId/tagNames/:tagName';

/** Predefined tags are refused: Microsoft keeps them only for old resources, and no client needs them. */
const predefinedTagOperations: readonly ControlOperation[] = [tagName, `${tagName}/tagValues/:tagValue`].flatMap(
  (path) =>
    (['PUT', 'DELETE'] as const).map((method) => ({
      method,
      path,
      action: `Microsoft.Resources/subscriptions/tagNames/${path === tagName ? '' : 'tagValues/'}${method === 'PUT' ? 'write' : 'delete'}`,
      run: async () => refuse({ kind: 'predefinedTagsNotSupported' }),
    })),
);

/** Every operation on tag names. */
export const tagNameOperations: readonly ControlOperation[] = [listTagNames, ...predefinedTagOperations];
