import { part, readArray, readObject, readString, refuse } from '../firewall/json.ts';
import type { Members, Read } from '../firewall/json.ts';
import type { ResourceRecord } from '../types/resource.ts';
import { ignored, membersOf } from './members.ts';
import { readReference } from './network-references.ts';

/** What a private endpoint is to be connected to, as a request says it. */
export interface ServiceConnection {
  readonly name: string;
  readonly properties: {
    readonly privateLinkServiceId: string;
    readonly groupIds: readonly string[];
    readonly requestMessage?: string;
  };
}

/** A private endpoint as a request describes it; it has exactly one connection, in one of the two lists. */
interface RequestedEndpoint {
  readonly subnet: { readonly id: string };
  readonly privateLinkServiceConnections: readonly ServiceConnection[];
  readonly manualPrivateLinkServiceConnections: readonly ServiceConnection[];
}

/** What a private endpoint stands for. */
export interface EndpointLink {
  readonly subnetId: string;
  readonly connection: ServiceConnection;
  /** Whether somebody who may has to approve it. */
  readonly manual: boolean;
}

/** The only one of a vault (`privateLinkResources`). */
const group = 'vault';

/** Azure's limit of a request's message (Private Endpoints - Create Or Update). */
const messageLengthMax = 140;

const madeByService = ['provisioningState', 'resourceGuid', 'networkInterfaces'];

/** What gives an endpoint an address or a name, which it has not here: nothing goes through it. */
const without = ['applicationSecurityGroups', 'ipConfigurations', 'customDnsConfigs', 'customNetworkInterfaceName'];

/** Reads `properties` of a private endpoint. What Azure has and Postern does not is refused. */
export function readPrivateEndpoint(value: unknown, path: string): Read<ResourceRecord['properties']> {
  const read = readObject<RequestedEndpoint>(value, path, {
    ...ignored(madeByService),
    ...refusedUnlessEmpty(without),
    ipVersionType: (word, at) => (word === 'IPv4' ? nothing : wrong(at, '"IPv4"')),
    subnet: (reference, at) => part(readReference(reference, at), (id) => (id === undefined ? {} : { subnet: { id } })),
    privateLinkServiceConnections: (list, at) =>
      part(readArray(list, at, readServiceConnection), (all) => ({ privateLinkServiceConnections: all })),
    manualPrivateLinkServiceConnections: (list, at) =>
      part(readArray(list, at, readServiceConnection), (all) => ({ manualPrivateLinkServiceConnections: all })),
  });
  if (!read.ok) return read;
  const { subnet, privateLinkServiceConnections = [], manualPrivateLinkServiceConnections = [] } = read.value;
  if (subnet === undefined) return refuse({ kind: 'missingMember', path, member: 'subnet' });
  if (privateLinkServiceConnections.length + manualPrivateLinkServiceConnections.length !== 1) {
    const both = `${path}.privateLinkServiceConnections and manualPrivateLinkServiceConnections`;
    return wrong(both, 'one connection in all, for a private endpoint has exactly one');
  }
  return { ok: true, value: { subnet, privateLinkServiceConnections, manualPrivateLinkServiceConnections } };
}

/** What a stored private endpoint stands for. */
export function endpointLink({ properties }: Pick<ResourceRecord, 'properties'>): EndpointLink {
  const { subnet, privateLinkServiceConnections, manualPrivateLinkServiceConnections } = properties;
  const [automatic] = serviceConnections(privateLinkServiceConnections);
  const [manual] = serviceConnections(manualPrivateLinkServiceConnections);
  const connection = automatic ?? manual;
  const { id } = membersOf(subnet);
  if (typeof id !== 'string' || connection === undefined)
    throw new Error('a stored private endpoint is connected to nothing');
  return { subnetId: id, connection, manual: automatic === undefined };
}

/** The connections of a list of a stored endpoint. */
export function serviceConnections(list: unknown): readonly ServiceConnection[] {
  return Array.isArray(list) ? list.filter(isServiceConnection) : [];
}

function isServiceConnection(value: unknown): value is ServiceConnection {
  const { name, properties } = membersOf(value);
  return typeof name === 'string' && typeof membersOf(properties)['privateLinkServiceId'] === 'string';
}

function readServiceConnection(value: unknown, path: string): Read<ServiceConnection> {
  const members = membersOf(value);
  const name = readString(members['name'], `${path}.name`);
  if (!name.ok) return name;
  const at = `${path}.properties`;
  const read = readObject<ServiceConnection['properties']>(members['properties'], at, {
    ...ignored(['provisioningState', 'privateLinkServiceConnectionState']),
    privateLinkServiceId: (id, where) => part(readString(id, where), (text) => ({ privateLinkServiceId: text })),
    groupIds: (ids, where) => part(readArray(ids, where, readString), (groupIds) => ({ groupIds })),
    requestMessage: (message, where) => part(readMessage(message, where), (text) => ({ requestMessage: text })),
  });
  if (!read.ok) return read;
  const { privateLinkServiceId, groupIds = [] } = read.value;
  if (privateLinkServiceId === undefined) {
    return refuse({ kind: 'missingMember', path: at, member: 'privateLinkServiceId' });
  }
  if (groupIds.length !== 1 || groupIds[0]?.toLowerCase() !== group) {
    return wrong(`${at}.groupIds`, `["${group}"], the one group that a vault has`);
  }
  return { ok: true, value: { name: name.value, properties: { ...read.value, privateLinkServiceId, groupIds } } };
}

function readMessage(value: unknown, path: string): Read<string> {
  const text = readString(value, path);
  if (!text.ok || text.value.length <= messageLengthMax) return text;
  return wrong(path, `at most ${messageLengthMax} characters`);
}

const nothing = { ok: true, value: {} } as const;

/** Clients send back what is not there as empty, and ask for nothing with it. */
function refusedUnlessEmpty<T>(names: readonly string[]): Members<T> {
  const reader = (value: unknown, path: string) =>
    value === '' || (Array.isArray(value) && value.length === 0)
      ? nothing
      : wrong(path, 'empty, for a private endpoint has no address here: nothing goes through it');
  return Object.fromEntries(names.map((name) => [name, reader]));
}

function wrong(path: string, expected: string) {
  return refuse({ kind: 'wrongType', path, expected, found: 'another value' });
}
