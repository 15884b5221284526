import { createServer, type SecureContextOptions, type Server } from 'node:tls';
import { isGuid } from '../shape/shape.ts';
import type { IngressLimits } from './options.ts';

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
