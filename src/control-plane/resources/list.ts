import {
  inSubscription,
  resourcePrefix,
  vaultId,
  vaultIndexKey,
  virtualNetworkId,
  virtualNetworkKey,
} from '../../resources/keys.ts';
import type { Place } from '../../resources/keys.ts';
import { kindOf } from '../../resources/any/kinds.ts';
import type { Prefix } from '../../store/keys.ts';
import type { Stored } from '../../store/records.ts';
import { listAnswerOf, listSource } from '../list.ts';
import { badRequest } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { groupPath, placeOf, readGroup } from '../resource-groups/resource-groups.ts';
import { vaultsOfIndex } from '../vaults/resource.ts';
import { parseFilter } from './filter.ts';
import type { Filtered } from './filter.ts';
import { genericResource } from './resource.ts';

/** A resource as the generic list shows it: without its properties. */
interface Listed extends Filtered {
  readonly shown: { readonly id: string };
  /** ISO times. Virtual networks have none. */
  readonly times?: { readonly createdTime: string; readonly changedTime: string };
}

interface Source {
  /** The type of all its resources, in lower case, if they have the same. */
  readonly type?: string;
  readonly prefix: (subscriptionId: string, place: Place | undefined) => Prefix<unknown>;
  readonly read: (call: ControlCall, records: readonly Stored<unknown>[]) => Promise<readonly Listed[]>;
}

interface SourceOf<T> extends Pick<Source, 'type'> {
  readonly prefix: (subscriptionId: string, place: Place | undefined) => Prefix<T>;
  readonly read: (call: ControlCall, records: readonly Stored<T>[]) => Promise<readonly Listed[]>;
}

function sourceOf<T>(source: SourceOf<T>): Source {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the records under its prefix
  return { ...source, read: (call, records) => source.read(call, records as readonly Stored<T>[]) };
}

/** The sources of the resources in a subscription or group. */
export const sources: readonly Source[] = [
  sourceOf({
    type: 'microsoft.keyvault/vaults',
    prefix: (subscriptionId, place) =>
      place === undefined ? inSubscription('vault-in', subscriptionId) : vaultIndexKey('vault-in', place),
    async read(call, records) {
      const vaults = await vaultsOfIndex(call, records);
      return vaults.map(({ name, location, tags, resourceGroup, systemData, ...vault }) => {
        const type = 'Microsoft.KeyVault/vaults';
        const id = vaultId({ ...vault, name, resourceGroup });
        const times = { createdTime: systemData.createdAt, changedTime: systemData.lastModifiedAt };
        return { name, type, location, resourceGroup, tags, times, shown: { id, name, type, location, tags } };
      });
    },
  }),
  sourceOf({
    type: 'microsoft.network/virtualnetworks',
    prefix: (subscriptionId, place) =>
      place === undefined ? inSubscription('virtual-network', subscriptionId) : virtualNetworkKey(place),
    async read(_, records) {
      return records.map((record) => {
        const network = record.value;
        const { name, location, tags, resourceGroup } = network;
        const type = 'Microsoft.Network/virtualNetworks';
        const id = virtualNetworkId(network);
        return { name, type, location, resourceGroup, tags, shown: { id, name, type, location, tags } };
      });
    },
  }),
  sourceOf({
    prefix: (subscriptionId, place) =>
      place === undefined ? inSubscription('resource', subscriptionId) : resourcePrefix(place, undefined),
    async read(call, records) {
      const resources = records.map(({ value }) => value);
      const tracked = resources.filter(({ type }) => kindOf(type)?.isProxy !== true);
      return tracked.map((resource) => {
        const { properties: _properties, etag: _etag, ...shown } = genericResource(resource, call.names);
        const { type, tags, location, names, resourceGroup, createdTime, changedTime } = resource;
        const name = names.join('/');
        return {
          name,
          type,
          resourceGroup,
          tags,
          ...(location !== undefined && { location }),
          times: { createdTime, changedTime },
          shown: { ...shown, name },
        };
      });
    },
  }),
];

const expansions: ReadonlySet<string> = new Set(['createdtime', 'changedtime', 'provisioningstate']);

/**
 * The resources of all types; clients use it to find the group of a vault. Every caller of the tenant may ask, and sees
 * the resources that it may read.
 */
const listResources: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/resources',
  action: 'Microsoft.Resources/subscriptions/resources/read',
  shows: 'own',
  audit: 'VaultList',
  run: (call) => listAll(call, undefined),
};

const listResourcesByResourceGroup: ControlOperation = {
  method: 'GET',
  path: `${groupPath}/resources`,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/resources/read',
  shows: 'own',
  async run(call) {
    await readGroup(call);
    return listAll(call, placeOf(call));
  },
};

async function listAll(call: ControlCall, place: Place | undefined): Promise<ControlOutcome> {
  const filter = parseFilter(call.query['$filter'] ?? '');
  if (!filter.ok) return badRequest(filter.message);
  const expand = (call.query['$expand'] ?? '').split(',').filter((word) => word !== '');
  const strange = expand.find((word) => !expansions.has(word.trim().toLowerCase()));
  if (strange !== undefined) {
    const message = `$expand is '${call.query['$expand']}'; supported are createdTime, changedTime and provisioningState.`;
    return badRequest(message);
  }
  const wanted = new Set(expand.map((word) => word.trim().toLowerCase()));
  const { type } = filter;
  const asked = sources.filter((source) => type === undefined || source.type === undefined || source.type === type);
  return listAnswerOf(
    call,
    asked.map((source) =>
      listSource({
        prefix: source.prefix(call.subscription.subscriptionId, place),
        async render(records) {
          const read = await source.read(call, records);
          return read
            .filter((resource) => filter.holds(resource) && call.access.may(`${resource.type}/read`, resource.shown.id))
            .map((resource) => ({ ...resource.shown, ...expanded(resource, wanted) }));
        },
      }),
    ),
  );
}

function expanded({ times }: Listed, wanted: ReadonlySet<string>) {
  return {
    ...(wanted.has('createdtime') && times !== undefined && { createdTime: times.createdTime }),
    ...(wanted.has('changedtime') && times !== undefined && { changedTime: times.changedTime }),
    ...(wanted.has('provisioningstate') && { provisioningState: 'Succeeded' }),
  };
}

/** The lists of resources of all types. */
export const resourceListOperations: readonly ControlOperation[] = [listResources, listResourcesByResourceGroup];
