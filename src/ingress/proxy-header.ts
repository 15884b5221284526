import type { Address } from '../types/address.ts';

/**
 * The PROXY protocol's header (haproxy.org, proxy-protocol.txt, sections 2.1 and 2.2), read from the first bytes of a
 * connection. A binary header may have at most 1,024 bytes here; the protocol allows 65,551.
 */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /**
   * `undefined`: a connection of the proxy itself (LOCAL, a health check), or of an unknown client (UNKNOWN,
   * AF_UNSPEC).
   */
  readonly relayed: RelayedConnection | undefined;
  readonly tlvs: ReadonlyMap<number, Uint8Array>;
}

/** The connection that the proxy accepted; ports as numbers. */
export interface RelayedConnection {
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
  readonly destinationPort: number;
}

export type HeaderProblem =
  /** The bytes are not a PROXY header. */
  | { readonly kind: 'notProxy' }
  /** A header of a version that is not accepted here. */
  | { readonly kind: 'versionNotAccepted'; readonly version: 1 | 2 }
  /** Longer than its version allows, or than Postern does. */
  | { readonly kind: 'tooLong' }
  /** Version 1: the line does not follow section 2.1. */
  | { readonly kind: 'malformedLine' }
  /** Version 2: byte 13 is not version 2 with LOCAL or PROXY. */
  | { readonly kind: 'unknownCommand'; readonly value: number }
  /** Version 2: neither TCP over IPv4 or IPv6, nor AF_UNSPEC. */
  | { readonly kind: 'unknownFamily'; readonly value: number }
  /** Version 2: the declared length is too short for the addresses. */
  | { readonly kind: 'addressesCut' }
  /** Version 2: the header ends inside the type or length of a TLV. */
  | { readonly kind: 'tlvCut' }
  /** Version 2: a TLV is longer than what is left of the header. */
  | { readonly kind: 'tlvOverrun'; readonly type: number }
  | { readonly kind: 'tlvTwice'; readonly type: number }
  /** Version 2: the CRC-32C does not match, or does not have four bytes. */
  | { readonly kind: 'checksum' };

export type HeaderProgress =
  | { readonly kind: 'more' }
  /** The header is the first `length` bytes; what follows belongs to the connection. */
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly length: number }
  | { readonly kind: 'problem'; readonly problem: HeaderProblem };

export type AcceptedVersion = 1 | 2 | 'any';
