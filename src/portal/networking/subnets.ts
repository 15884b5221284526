import type { RuleState } from '../../types/activity.ts';
import { subnetRuleKey } from './draft.ts';

export const networkApiVersion = 'api-version=2024-05-01';

/** A virtual network, as the resource manager answers it. */
export interface VirtualNetwork {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly properties: { readonly subnets: readonly Subnet[] };
}

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly addressPrefix?: string;
    readonly addressPrefixes?: readonly string[];
    /** Of this life of the name; with `$expand=resourceGuid`. */
    readonly resourceGuid?: string;
    readonly serviceEndpoints?: readonly { readonly service: string }[];
  };
}

const service = 'Microsoft.KeyVault';

export function hasEndpoint({ properties: { serviceEndpoints = [] } }: Pick<Subnet, 'properties'>): boolean {
  return serviceEndpoints.some((endpoint) => endpoint.service.toLowerCase() === service.toLowerCase());
}

/** The subnet's properties with the service endpoint for vaults, for a PUT. */
export function withEndpoint({ properties }: Pick<Subnet, 'properties'>): Subnet['properties'] {
  return { ...properties, serviceEndpoints: [...(properties.serviceEndpoints ?? []), { service }] };
}

export function prefixOf({ properties: { addressPrefix, addressPrefixes } }: Pick<Subnet, 'properties'>): string {
  return addressPrefix ?? addressPrefixes?.join(', ') ?? '';
}

/**
 * Which subnet a rule is bound to, by the rule's id: the one that has the name now, unless the server says that the rule was made
 * for an earlier one. A network that the user may not read is known by its id alone.
 */
export function incarnationsOf(
  networks: readonly VirtualNetwork[],
  states: readonly RuleState[],
): (id: string) => string {
  const living = new Map(
    networks.flatMap(({ properties: { subnets } }) =>
      subnets.map(({ id, properties: { resourceGuid } }) => [id.toLowerCase(), resourceGuid] as const),
    ),
  );
  const ended = new Set(
    states
      .filter(({ state }) => state === 'earlierSubnet' || state === 'subnetGone')
      .map(({ value }) => subnetRuleKey({ id: value })),
  );
  return (id) => {
    const key = subnetRuleKey({ id });
    return ended.has(key) ? `ended ${key}` : (living.get(key) ?? key);
  };
}
