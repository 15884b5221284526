import type { Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { SubnetDirectory } from './attribution.ts';
import type { NatTable } from './nat.ts';
import type { AcceptedVersion } from './proxy-header.ts';
import type { RefusedConnection } from './refusal.ts';

/** The names in a certificate: the server's own, or Azure's, which the fabric's listeners serve. */
export type CertifiedNames = 'own' | 'azure';

/** PEM. */
export interface Certificate {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

/** A certificate of the operator's, which is shown to clients that ask for one of its names at the server's own names. */
export interface NamedCertificate extends Certificate {
  /** DNS names in lower case; one may begin with `*.`. */
  readonly names: readonly string[];
  readonly keyType: 'rsa' | 'ec';
}

export interface IngressLimits {
  readonly headerTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly connectionsPerListener: number;
  /** How many of them one source may have (`chooseLeaving`). */
  readonly connectionsPerSource: number;
}

export interface IngressOptions {
  /** Without one for Azure's names no listener may have `serves`. */
  readonly certificates: {
    readonly own: Certificate;
    readonly azure?: Certificate;
    readonly operator?: readonly NamedCertificate[];
  };
  readonly nat: NatTable;
  readonly subnets: SubnetDirectory;
  /** Gets each connection once its TLS handshake is over; from then on `sourceOf` knows its source. */
  readonly onConnection: (socket: TLSSocket) => void;
  readonly log: (line: RefusedConnection) => void;
  /** Milliseconds since 1970, for the end of gateways' certificates and the rate of the log. */
  readonly now: () => number;
  readonly limits?: Partial<IngressLimits>;
}

/** Anything that `net.Server.listen` takes: a handle from the supervisor, a path, or listen options. */
export type Listenable = object | string;

export interface OpenListener {
  /** Where it listens, as `net.Server.address()` returns it. */
  readonly address: ReturnType<Server['address']>;
  /** Stops accepting and ends the listener's open connections. */
  close(): void;
}

export interface TlsGateway {
  /** The operator's authorities (PEM) of gateways' certificates, beside those of `trustGateways`. */
  readonly clientCa?: string | Buffer;
  /** The server's certificate for gateways; without it, the public one. */
  readonly certificate?: Certificate;
  /** The domain in the gateways' names, `spiffe://<domain>/vnet/<resource GUID>`. */
  readonly domain: string;
}

export interface LoadBalancer {
  /** IPv4 ranges and addresses that may connect. */
  readonly from: readonly string[];
  readonly version: AcceptedVersion;
}

export const defaultLimits: IngressLimits = {
  headerTimeoutMs: 3_000,
  handshakeTimeoutMs: 10_000,
  connectionsPerListener: 10_000,
  connectionsPerSource: 2_500,
};
