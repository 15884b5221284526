import type { ConnectionState } from './private-endpoint.ts';

/** A resource, as it is stored, whose type has no kind of record of its own. */
export interface ResourceRecord {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** `Microsoft.Web/sites/slots`, with a name in `names` for each part after the first. */
  readonly type: string;
  readonly names: readonly string[];
  readonly location?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** `sku`, `kind` and any other member beside `properties`, as they were sent. */
  readonly envelope: Readonly<Record<string, unknown>>;
  readonly identity?: ResourceIdentity;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Values that the service added when it was created. */
  readonly made: ResourceMade;
  readonly guid: string;
  readonly etag: string;
  /** ISO times. */
  readonly createdTime: string;
  readonly changedTime: string;
  /** ARM ids of the resources that refer to it: it cannot be deleted while it has any. */
  readonly usedBy?: readonly string[];
}

export interface ResourceMade {
  /** Of a user-assigned identity. */
  readonly principalId?: string;
  readonly clientId?: string;
  readonly tenantId?: string;
  /** Of a public IP address. */
  readonly ipAddress?: string;
  /** Of a private endpoint: the name of its connection at the vault, and the connection's state. */
  readonly connection?: { readonly name: string; readonly state: ConnectionState };
  /** Of a NAT gateway: the addresses of its public IP addresses. */
  readonly publicAddresses?: readonly string[];
}

/** Managed identities of a resource. */
export interface ResourceIdentity {
  /** As it was sent: `SystemAssigned`, `UserAssigned`, or both, with a comma. */
  readonly type: string;
  readonly system?: { readonly principalId: string; readonly clientId: string; readonly tenantId: string };
  /** By ARM id, as it was sent. */
  readonly user?: Readonly<Record<string, { readonly principalId: string; readonly clientId: string }>>;
}
