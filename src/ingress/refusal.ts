import type { HeaderProblem } from './proxy-header.ts';

/** Why a connection was ended by the ingress. */
export type Refusal =
  | { readonly kind: 'header'; readonly problem: HeaderProblem }
  /** The PROXY header was not complete in time. */
  | { readonly kind: 'headerTimeout' }
  /** The other end closed before its PROXY header was complete. */
  | { readonly kind: 'headerEnded' }
  /** `code` as Node and OpenSSL name it: a PROXY header where none is accepted is `ERR_SSL_WRONG_VERSION_NUMBER`. */
  | { readonly kind: 'handshakeFailed'; readonly code: string }
  | { readonly kind: 'handshakeTimeout' }
  /** A limit was reached, and this connection did the least, or came last while everybody else had a request in flight. */
  | { readonly kind: 'tooManyConnections'; readonly limit: number }
  /** The address is not among those that the load balancer's listener accepts. */
  | { readonly kind: 'notTheLoadBalancer' }
  | { readonly kind: 'subnetGone'; readonly incarnation: string }
  | { readonly kind: 'endpointOff'; readonly incarnation: string }
  /** The gateways' authority did not sign the gateway's certificate; `code` as OpenSSL names it. */
  | { readonly kind: 'certificateNotTrusted'; readonly code: string }
  /** The gateway's certificate names no virtual network of this server's domain. */
  | { readonly kind: 'certificateWithoutVnet' }
  /** The gateway's header has no GUID of a subnet in TLV 0xE1. */
  | { readonly kind: 'subnetNotNamed' }
  /** The gateway is bound to another virtual network than that of the subnet it names. */
  | { readonly kind: 'subnetOfAnotherVnet'; readonly incarnation: string }
  /** A subnet's workload has an IPv4 address; the gateway gave another. */
  | { readonly kind: 'notIpv4' };

export type ListenerKind = 'public' | 'subnet' | 'unixGateway' | 'tlsGateway' | 'loadBalancer';

/** One line of the ingress's log. */
export interface RefusedConnection {
  readonly listener: ListenerKind;
  /** Who connected, as the kernel says it; `undefined` on a unix socket. */
  readonly remoteAddress: string | undefined;
  readonly refusal: Refusal;
  /** How many of this listener kind and refusal kind were left out of the log since the last line. */
  readonly leftOut: number;
}

export interface RefusalLogOptions {
  readonly write: (line: RefusedConnection) => void;
  /** Milliseconds. */
  readonly now: () => number;
}

const linesPerWindow = 10;
const windowMs = 10_000;

interface Window {
  startedAt: number;
  lines: number;
  leftOut: number;
}

/** Strangers cause these lines, so each kind is written at most ten times in ten seconds; the rest is counted. */
export class RefusalLog {
  readonly #options: RefusalLogOptions;
  readonly #windows = new Map<string, Window>();

  constructor(options: RefusalLogOptions) {
    this.#options = options;
  }

  add(listener: ListenerKind, remoteAddress: string | undefined, refusal: Refusal): void {
    const window = this.#windowOf(`${listener} ${refusal.kind}`);
    if (window.lines >= linesPerWindow) {
      window.leftOut += 1;
      return;
    }
    window.lines += 1;
    const { leftOut } = window;
    window.leftOut = 0;
    this.#options.write({ listener, remoteAddress, refusal, leftOut });
  }

  /** Both kinds are closed lists, so there are few windows. */
  #windowOf(key: string): Window {
    const now = this.#options.now();
    const window = this.#windows.get(key) ?? { startedAt: now, lines: 0, leftOut: 0 };
    this.#windows.set(key, window);
    if (now - window.startedAt >= windowMs) Object.assign(window, { startedAt: now, lines: 0 });
    return window;
  }
}

/** Node says of a certificate that it does not trust only that the connection was reset, and leaves the reason on the socket. */
export function gatewayRefusal(code: string, untrusted: unknown): Refusal | undefined {
  if (typeof untrusted === 'string') return { kind: 'certificateNotTrusted', code: untrusted };
  if (code === 'ECONNRESET') return undefined;
  return code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? { kind: 'handshakeTimeout' } : { kind: 'handshakeFailed', code };
}
