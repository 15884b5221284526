import { putResource } from '../../resources/any/any-resource.ts';
import type { ResourceName } from '../../resources/any/any-resource.ts';
import { isItemName, itemsOf, kinds } from '../../resources/any/kinds.ts';
import type { Kind } from '../../resources/any/kinds.ts';
import { readAt } from '../../resources/refusal.ts';
import type { Item } from '../../resources/networks/security-rules.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { answer, ifMatchRefusal, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome, ControlServices } from '../operation.ts';
import { groupPath, placeOf } from '../resource-groups/resource-groups.ts';
import { networkDeleted, networkPut, networkAnswer } from '../virtual-networks/resource.ts';
import { itemResource, readNamed, resourceServices } from './resource.ts';

type Items = NonNullable<Kind['items']>;

interface Asked {
  readonly call: ControlCall;
  readonly services: ControlServices;
}

/** Operations on the items of a resource that have ids of their own: security rules and routes. */
export const itemOperations: readonly ControlOperation[] = [...kinds.values()].flatMap((kind) =>
  kind.items === undefined ? [] : operationsOf(kind.type, kind.items),
);

function operationsOf(type: string, items: Items): readonly ControlOperation[] {
  const list = `${groupPath}/providers/${type}/:resource/${items.member}`;
  const one = `${list}/:item`;
  const action = `${type}/${items.member}`;
  return [
    { method: 'GET', path: list, action: `${action}/read`, run: (call) => listItems(call, type, items) },
    { method: 'GET', path: one, action: `${action}/read`, run: (call) => getItem(call, type, items) },
    {
      method: 'PUT',
      path: one,
      action: `${action}/write`,
      run: (call, services) => putItem({ call, services }, type, items),
    },
    {
      method: 'DELETE',
      path: one,
      action: `${action}/delete`,
      run: (call, services) => deleteItem({ call, services }, type, items),
    },
  ];
}

async function listItems(call: ControlCall, type: string, items: Items): Promise<ControlOutcome> {
  const found = await readNamed(call, ownerOf(call, type));
  if (!found.ok) return found;
  const { resource } = found;
  const value = itemsOf(resource, items).map((item) => itemResource(resource, items.member, item));
  return answer(200, { value });
}

async function getItem(call: ControlCall, type: string, items: Items): Promise<ControlOutcome> {
  const found = await readNamed(call, ownerOf(call, type));
  if (!found.ok) return found;
  const { resource } = found;
  const name = call.params['item'] ?? '';
  const item = findItem(itemsOf(resource, items), name);
  if (item !== undefined) return networkAnswer(itemResource(resource, items.member, item));
  const { resourceGroup, names } = resource;
  const full = `${names.join('/')}/${name}`;
  return refuse({ kind: 'resourceNotFound', type: `${type}/${items.member}`, name: full, resourceGroup });
}

async function putItem({ call, services }: Asked, type: string, items: Items): Promise<ControlOutcome> {
  const found = await readNamed(call, ownerOf(call, type));
  if (!found.ok) return found;
  const { resource } = found;
  const name = call.params['item'] ?? '';
  const all = itemsOf(resource, items);
  const before = findItem(all, name);
  const refused = ifMatchRefusal(call, before === undefined ? undefined : resource.etag);
  if (refused !== undefined) return refused;
  if (!isItemName(name)) {
    const rule = '1 to 80 letters, digits, full stops, hyphens and underscores, a letter or digit first';
    return refuse({ kind: 'invalidProperty', message: `The name '${name}' is invalid: ${rule}.` });
  }
  const read = readAt(items.properties, call.body['properties'], 'properties');
  if (!read.ok) return read;
  const item = { name: before?.name ?? name, properties: read.value };
  const next = before === undefined ? [...all, item] : all.with(all.indexOf(before), item);
  const put = await putWith({ call, services }, resource, { [items.member]: next });
  if (!put.ok) return put;
  const { change, principals } = put.value;
  const body = itemResource(put.value.resource, items.member, item);
  const location = resource.location ?? '';
  return { ...networkPut(call, { created: before === undefined, location, body }), change, principals };
}

async function deleteItem({ call, services }: Asked, type: string, items: Items): Promise<ControlOutcome> {
  const found = await readNamed(call, ownerOf(call, type));
  if (!found.ok) return found;
  const all = itemsOf(found.resource, items);
  const item = findItem(all, call.params['item'] ?? '');
  if (item === undefined) return answer(204);
  const refused = ifMatchRefusal(call, found.resource.etag);
  if (refused !== undefined) return refused;
  const put = await putWith({ call, services }, found.resource, { [items.member]: all.filter((one) => one !== item) });
  if (!put.ok) return put;
  const { change, principals } = put.value;
  return { ...networkDeleted(call, found.resource.location ?? ''), change, principals };
}

function putWith({ call, services }: Asked, resource: ResourceRecord, properties: Record<string, unknown>) {
  const { envelope, tags } = resource;
  const body = { ...envelope, tags, properties: { ...resource.properties, ...properties } };
  return putResource(resource, body, resourceServices(call, services));
}

function ownerOf(call: ControlCall, type: string): ResourceName {
  return { ...placeOf(call), type, names: [call.params['resource'] ?? ''] };
}

function findItem(items: readonly Item[], name: string): Item | undefined {
  return items.find((item) => item.name.toLowerCase() === name.toLowerCase());
}
