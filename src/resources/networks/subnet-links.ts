import { array } from '../../shape/shape.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { VirtualNetworkRecord } from '../../types/network.ts';
import { virtualNetworkId } from '../keys.ts';
import type { Place } from '../keys.ts';
import { membersOf, readAt } from '../refusal.ts';
import type { LinkedRefusal, ResourceOutcome } from '../refusal.ts';
import { reference } from './network-members.ts';
import type { RequestedSubnet } from './network-properties.ts';
import { updateLinks } from '../any/references.ts';
import type { Link } from '../any/references.ts';
import { knownTypes } from '../any/resource-types.ts';

/** The types that a subnet refers to, by member of its `properties`. */
const members = {
  networkSecurityGroup: knownTypes.networkSecurityGroup,
  routeTable: knownTypes.routeTable,
  natGateway: knownTypes.natGateway,
  serviceEndpointPolicies: knownTypes.serviceEndpointPolicy,
} as const;

type Subnet = Pick<RequestedSubnet, 'name' | 'others'>;

export interface LinkingNetwork extends Place {
  readonly name: string;
  readonly location: string;
}

interface LinkedSubnets {
  readonly subnets: readonly RequestedSubnet[];
  /** The change of what the subnets refer to, or referred to before. */
  readonly change: Transaction;
}

/**
 * Links a request's subnets to their network security groups, route tables and NAT gateways, and removes the links that they
 * had (`before`). A subnet behind a NAT gateway gets the gateway's public addresses.
 */
export async function linkSubnets(
  network: LinkingNetwork,
  { before, after }: { readonly before: readonly Subnet[]; readonly after: readonly RequestedSubnet[] },
  { store, linkedRefusal }: { readonly store: Store; readonly linkedRefusal: LinkedRefusal },
): Promise<ResourceOutcome<LinkedSubnets>> {
  for (const { name, others } of after) {
    for (const member of Object.keys(members)) {
      const given = others[member];
      if (given === undefined || given === null) continue;
      const shape = Array.isArray(given) ? array(reference) : reference;
      const read = readAt<unknown>(shape, given, `subnets['${name}'].properties.${member}`);
      if (!read.ok) return read;
    }
  }
  const { subscriptionId, location } = network;
  const links = { before: linksOf(network, before), after: linksOf(network, after) };
  const linked = await updateLinks(links, { store, linkedRefusal, subscriptionId, location });
  if (!linked.ok) return linked;
  const { found, require, put } = linked.value;
  const subnets = after.map(({ publicAddresses: _, ...subnet }) => {
    const gateway = idIn(subnet.others['natGateway'])?.toLowerCase();
    const publicAddresses = gateway === undefined ? undefined : found.get(gateway)?.made.publicAddresses;
    return publicAddresses === undefined ? subnet : { ...subnet, publicAddresses };
  });
  return { ok: true, value: { subnets, change: { require, put } } };
}

/** Removes the links of subnets that are deleted. */
export async function unlinkSubnets(
  network: VirtualNetworkRecord,
  subnets: readonly Subnet[],
  services: { readonly store: Store; readonly linkedRefusal: LinkedRefusal },
): Promise<ResourceOutcome<LinkedSubnets>> {
  return linkSubnets(network, { before: subnets, after: [] }, services);
}

function linksOf(network: LinkingNetwork, subnets: readonly Subnet[]): readonly Link[] {
  return subnets.flatMap(({ name, others }) =>
    Object.entries(members).flatMap(([member, type]) =>
      listOf(others[member]).flatMap((one) => {
        const to = idIn(one);
        return to === undefined ? [] : [{ by: `${virtualNetworkId(network)}/subnets/${name}`, to, type }];
      }),
    ),
  );
}

/** A subnet has one reference of some types and a list of others. */
function listOf(references: unknown): readonly unknown[] {
  return Array.isArray(references) ? references : [references];
}

function idIn(value: unknown): string | undefined {
  const { id } = membersOf(value);
  return typeof id === 'string' ? id : undefined;
}
