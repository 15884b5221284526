/** A virtual network as it is stored, with its subnets, so that a PUT of all of it is one change. */
export interface VirtualNetworkRecord {
  readonly name: string;
  /** `properties.resourceGuid`: a network that is created again under its name has another. */
  readonly resourceGuid: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly addressPrefixes: readonly string[];
  /** Members of `properties` that have no effect in Postern, and are returned as they were sent. */
  readonly others: Readonly<Record<string, unknown>>;
  readonly subnets: readonly SubnetRecord[];
  readonly peerings?: readonly PeeringRecord[];
}

/** One side of a peering, stored in its network; the other network has its own. */
export interface PeeringRecord {
  readonly name: string;
  readonly etag: string;
  /** ARM id of the other network, as it was sent. */
  readonly remote: string;
  /** `resourceGuid` of the other network: a network created again under the same name has another. */
  readonly remoteGuid: string;
  readonly remotePrefixes: readonly string[];
  readonly state: 'Initiated' | 'Connected' | 'Disconnected';
  readonly others: Readonly<Record<string, unknown>>;
}

export interface SubnetRecord {
  readonly name: string;
  /** GUID of this life of the name: a vault's rule is bound to it. */
  readonly incarnation: string;
  readonly etag: string;
  readonly addressPrefix: string;
  readonly serviceEndpoints: readonly ServiceEndpoint[];
  /** The addresses of its NAT gateway, when it has one. */
  readonly publicAddresses?: readonly string[];
  /** ARM ids of the private endpoints in it: it cannot be deleted while it has any. */
  readonly privateEndpoints?: readonly string[];
  readonly others: Readonly<Record<string, unknown>>;
}

export interface ServiceEndpoint {
  readonly service: string;
  readonly locations: readonly string[];
}
