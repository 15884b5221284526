import type { CertificateContents } from '../../types/certificate.ts';
import { uriConstraints } from './extensions.ts';
import { writePem } from './pem.ts';
import { certify, makeLimitedAuthority } from './server-certificates.ts';
import type { CertifiedKey } from './server-certificates.ts';

/** Gateways get another certificate from the command that made the first, so none needs to be valid for long. */
const gatewayCertificateDays = 90;
const clientAuthentication = '1.3.6.1.5.5.7.3.2';

/** The gateway that a certificate is for. */
export interface GatewayName {
  /** The server's domain. */
  readonly domain: string;
  /** The resource GUID of its virtual network. */
  readonly vnet: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

/**
 * An authority for gateways' certificates alone: its name constraints allow URIs under the domain and nothing else, so
 * that a thief of its key cannot pretend to be a server.
 */
export function makeGatewayAuthority(domain: string, nowMs: number): Promise<CertifiedKey> {
  const subject = `Postern CA for gateways of ${domain}`;
  return makeLimitedAuthority({ subject, constraints: uriConstraints(domain) }, nowMs);
}

/** The certificate of a gateway (PEM), which binds it to its virtual network (`ingress/gateway-certificate.ts`). */
export async function makeGatewayCertificate(
  authority: CertifiedKey,
  { domain, vnet, publicKey }: GatewayName,
  nowMs: number,
): Promise<string> {
  // With a space, so that it is not taken for a DNS name, which the authority may not certify.
  const subject = `gateway of ${vnet}`;
  const contents: CertificateContents = {
    subject,
    sans: { uris: [`spiffe://${domain}/vnet/${vnet}`] },
    ekus: [clientAuthentication],
    keyUsage: ['digitalSignature'],
  };
  const certificate = await certify(authority, { contents, publicKey, days: gatewayCertificateDays }, nowMs);
  return writePem({ material: undefined, certificates: [certificate] });
}
