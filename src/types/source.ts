import type { Address } from './address.ts';

/**
 * The other end of a connection, as the ingress proved it. Fixed for the life of the connection; nothing that the
 * other end says inside it (a header, a token) ever changes it.
 */
export type Source = PublicSource | SubnetSource | UnknownSource;

/** The connection came over the public side: `address` is the public (NAT) address. */
export interface PublicSource {
  readonly kind: 'public';
  readonly address: Address;
}

/** The connection came over a subnet's service endpoint. */
export interface SubnetSource {
  readonly kind: 'subnet';
  /** Lower-case ARM id of the subnet, for people; the identity is `incarnation`. */
  readonly subnet: string;
  /** The GUID that the subnet got when it was created: a new subnet of the same name has another. */
  readonly incarnation: string;
  readonly address: Address;
  /** `enforced`: a socket or an authenticated gateway proved it. `declared`: only a credential was shown. */
  readonly assurance: 'enforced' | 'declared';
}

/** The ingress could not attribute the connection; no rule, default or bypass lets it through. */
export interface UnknownSource {
  readonly kind: 'unknown';
  readonly reason: string;
}
