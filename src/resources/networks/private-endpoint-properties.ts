import { accept, wrong } from '../../shape/fault.ts';
import { always, array, each, ignored, object, optional, refine, string } from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { membersOf } from '../refusal.ts';
import { reference } from './network-members.ts';

/** A private endpoint's connection to a service, in a request. */
export interface ServiceConnection {
  readonly name: string;
  readonly properties: {
    readonly privateLinkServiceId: string;
    readonly groupIds: readonly string[];
    readonly requestMessage?: string;
  };
}

/** The subnet and the service that a private endpoint connects. */
export interface EndpointLink {
  readonly subnetId: string;
  readonly connection: ServiceConnection;
  /** Whether the connection must be approved separately. */
  readonly manual: boolean;
}

/** The only group of a vault (`privateLinkResources`). */
const group = 'vault';

/** Azure's limit for a request's message (Private Endpoints - Create Or Update). */
const messageLengthMax = 140;

/** Clients also send missing members as empty ones. */
const empty: Shape<unknown> = (value) =>
  value === '' || (Array.isArray(value) && value.length === 0)
    ? accept(value)
    : wrong(value, 'empty, because a private endpoint has no address here and carries no traffic');

const strings: Shape<readonly string[]> = (value) => array(string)(value ?? []);

const serviceConnection: Shape<ServiceConnection> = object(
  {
    name: always(string),
    properties: always(
      object({
        ...each(['provisioningState', 'privateLinkServiceConnectionState'], ignored),
        privateLinkServiceId: string,
        groupIds: always(
          refine(strings, (ids) =>
            ids.length === 1 && ids[0]?.toLowerCase() === group
              ? accept(ids)
              : wrong(ids, `["${group}"], the only group of a vault`),
          ),
        ),
        requestMessage: optional(
          refine(string, (message) =>
            message.length <= messageLengthMax
              ? accept(message)
              : wrong(message, `at most ${messageLengthMax} characters`),
          ),
        ),
      }),
    ),
  },
  { ignoredIf: () => true },
);

/** The `properties` of a private endpoint, which has exactly one connection. Members that Azure has and Postern does not are refused. */
export const privateEndpoint: Shape<ResourceRecord['properties']> = refine(
  object({
    ...each(['provisioningState', 'resourceGuid', 'networkInterfaces'], ignored),
    // Members that would give the endpoint an address or a name, which it does not have here.
    ...each(
      ['applicationSecurityGroups', 'ipConfigurations', 'customDnsConfigs', 'customNetworkInterfaceName'],
      optional(empty),
    ),
    ipVersionType: optional((value) => (value === 'IPv4' ? accept(value) : wrong(value, '"IPv4"'))),
    subnet: refine(reference, (id) => accept({ id })),
    privateLinkServiceConnections: optional(array(serviceConnection), []),
    manualPrivateLinkServiceConnections: optional(array(serviceConnection), []),
  }),
  ({ subnet, privateLinkServiceConnections, manualPrivateLinkServiceConnections }) => {
    const count = privateLinkServiceConnections.length + manualPrivateLinkServiceConnections.length;
    return count === 1
      ? accept({ subnet, privateLinkServiceConnections, manualPrivateLinkServiceConnections })
      : wrong(count, 'one connection in total: a private endpoint has exactly one', [
          'privateLinkServiceConnections and manualPrivateLinkServiceConnections',
        ]);
  },
);

/** Reads the link of a stored private endpoint. */
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

/** The connections in a list of a stored endpoint. */
export function serviceConnections(list: unknown): readonly ServiceConnection[] {
  return Array.isArray(list) ? list.filter(isServiceConnection) : [];
}

function isServiceConnection(value: unknown): value is ServiceConnection {
  const { name, properties } = membersOf(value);
  return typeof name === 'string' && typeof membersOf(properties)['privateLinkServiceId'] === 'string';
}
