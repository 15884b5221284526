import { constants, type X509Certificate } from 'node:crypto';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import { isGuid } from '../shape/shape.ts';
import type { IngressLimits } from './options.ts';
import type { Refusal } from './refusal.ts';

/** A TLS server that lets in only gateways with a certificate of an authority in `context`. */
export function gatewayServer(
  context: SecureContextOptions,
  { handshakeTimeoutMs: handshakeTimeout, connectionsPerListener }: IngressLimits,
): Server {
  const server = createServer({
    ...context,
    requestCert: true,
    rejectUnauthorized: true,
    noDelay: true,
    handshakeTimeout,
  });
  server.maxConnections = connectionsPerListener;
  return server;
}

/** A gateway proves itself in each handshake: no session is resumed, for what was proved may be over meanwhile. */
export function withoutResumption(context: SecureContextOptions): SecureContextOptions {
  return { ...context, secureOptions: constants.SSL_OP_NO_TICKET };
}

interface Channel {
  /** The domain in the gateways' names. */
  readonly domain: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Ends the channel. */
  readonly refuse: (refusal: Refusal) => void;
}

/** The clock may be set, and a timer cannot wait for 90 days. */
const lookEveryMs = 3_600_000;

/**
 * The virtual network that a channel is bound to, once its handshake is over. It is refused where it is bound to none, and
 * as soon as its certificate is over.
 */
export function bindChannel(socket: TLSSocket, { domain, now, refuse }: Channel): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  const vnet = vnetOfCertificate(certificate?.subjectAltName, domain);
  if (certificate === undefined || vnet === undefined) {
    refuse({ kind: 'certificateWithoutVnet' });
    return undefined;
  }
  let timer: NodeJS.Timeout | undefined;
  socket.once('close', () => clearTimeout(timer));
  const look = (): boolean => {
    const code = overAt(certificate, now());
    if (code !== undefined) refuse({ kind: 'certificateNotTrusted', code });
    else timer = setTimeout(look, Math.min(certificate.validToDate.getTime() - now(), lookEveryMs)).unref();
    return code === undefined;
  };
  return look() ? vnet : undefined;
}

/** Why a certificate proves nothing at this time, as OpenSSL names it; it compares in the same way. */
function overAt({ validFromDate, validToDate }: X509Certificate, nowMs: number): string | undefined {
  if (nowMs < validFromDate.getTime()) return 'CERT_NOT_YET_VALID';
  return nowMs >= validToDate.getTime() ? 'CERT_HAS_EXPIRED' : undefined;
}

/**
 * The resource GUID of the virtual network that a gateway's certificate binds its channel to: its one URI name is
 * `spiffe://<domain>/vnet/<GUID>` (SPIFFE X.509-SVID section 2: exactly one URI name).
 *
 * @param subjectAltName as `X509Certificate.subjectAltName` gives it: `TYPE:value` separated by `, `
 */
export function vnetOfCertificate(subjectAltName: string | undefined, domain: string): string | undefined {
  // Node quotes a name that contains a separator. Such a name could look like several, and no gateway needs one.
  if (subjectAltName === undefined || subjectAltName.includes('"')) return undefined;
  const uris = subjectAltName.split(', ').filter((name) => name.startsWith('URI:'));
  const [uri] = uris;
  const prefix = `URI:spiffe://${domain}/vnet/`;
  if (uris.length !== 1 || uri === undefined || !uri.startsWith(prefix)) return undefined;
  return readGuid(uri.slice(prefix.length));
}

/** The GUID in lower case, or `undefined` for anything else. */
export function readGuid(text: string): string | undefined {
  return isGuid(text) ? text.toLowerCase() : undefined;
}
