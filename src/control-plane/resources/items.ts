import { putResource } from '../../resources/any/any-resource.ts';
import type { ResourceName } from '../../resources/any/any-resource.ts';
import { isItemName, itemsOf, kinds } from '../../resources/any/kinds.ts';
import type { Kind } from '../../resources/any/kinds.ts';
import { readAt } from '../../resources/refusal.ts';
import type { Item } from '../../resources/networks/security-rules.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { answer, badRequest, checkConditions, orRefuse, resourceNotFound } from '../operation.ts';
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
  const { resource } = await readNamed(call, ownerOf(call, type));
  const value = itemsOf(resource, items).map((item) => itemResource(resource, items.member, item));
  return answer(200, { value });
}

async function getItem(call: ControlCall, type: string, items: Items): Promise<ControlOutcome> {
  const { resource } = await readNamed(call, ownerOf(call, type));
  const name = call.params['item'] ?? '';
  const item = findItem(itemsOf(resource, items), name);
  if (item !== undefined) return networkAnswer(itemResource(resource, items.member, item));
  return resourceNotFound(`${type}/${items.member}`, `${resource.names.join('/')}/${name}`, resource);
}

async function putItem({ call, services }: Asked, type: string, items: Items): Promise<ControlOutcome> {
  const { resource } = await readNamed(call, ownerOf(call, type));
  const name = call.params['item'] ?? '';
  const all = itemsOf(resource, items);
  const before = findItem(all, name);
  checkConditions(call, before === undefined ? undefined : resource.etag);
  if (!isItemName(name)) {
    const rule = '1 to 80 letters, digits, full stops, hyphens and underscores, a letter or digit first';
    return badRequest(`The name '${name}' is invalid: ${rule}.`);
  }
  const properties = orRefuse(readAt(items.properties, call.body['properties'], 'properties'));
  const item = { name: before?.name ?? name, properties };
  const next = before === undefined ? [...all, item] : all.with(all.indexOf(before), item);
  const put = await putWith({ call, services }, resource, { [items.member]: next });
  const { change, principals } = put;
  const body = itemResource(put.resource, items.member, item);
  const location = resource.location ?? '';
  return { ...networkPut(call, { created: before === undefined, location, body }), change, principals };
}

async function deleteItem({ call, services }: Asked, type: string, items: Items): Promise<ControlOutcome> {
  const { resource } = await readNamed(call, ownerOf(call, type));
  const all = itemsOf(resource, items);
  const item = findItem(all, call.params['item'] ?? '');
  if (item === undefined) return answer(204);
  checkConditions(call, resource.etag);
  const left = all.filter((one) => one !== item);
  const { change, principals } = await putWith({ call, services }, resource, { [items.member]: left });
  return { ...networkDeleted(call, resource.location ?? ''), change, principals };
}

async function putWith({ call, services }: Asked, resource: ResourceRecord, properties: Record<string, unknown>) {
  const { envelope, tags } = resource;
  const body = { ...envelope, tags, properties: { ...resource.properties, ...properties } };
  return orRefuse(await putResource(resource, body, resourceServices(call, services)));
}

function ownerOf(call: ControlCall, type: string): ResourceName {
  return { ...placeOf(call), type, names: [call.params['resource'] ?? ''] };
}

function findItem(items: readonly Item[], name: string): Item | undefined {
  return items.find((item) => item.name.toLowerCase() === name.toLowerCase());
}
