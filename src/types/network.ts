/** A virtual network as it is stored, with its subnets, so that a PUT of the whole is one change. */
export interface VirtualNetworkRecord {
  readonly name: string;
  /** `properties.resourceGuid`: a network that is made anew under its name has another. */
  readonly resourceGuid: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly addressPrefixes: readonly string[];
  /** Members of `properties` that mean nothing to Postern but are given back as they were sent. */
  readonly others: Readonly<Record<string, unknown>>;
  readonly subnets: readonly SubnetRecord[];
}

export interface SubnetRecord {
  readonly name: string;
  /** GUID of this life of the name: what a vault's rule is bound to. */
  readonly incarnation: string;
  readonly etag: string;
  readonly addressPrefix: string;
  readonly serviceEndpoints: readonly ServiceEndpoint[];
  readonly others: Readonly<Record<string, unknown>>;
}

export interface ServiceEndpoint {
  readonly service: string;
  readonly locations: readonly string[];
}
