import type { CertificateContents } from '../../types/certificate.ts';
import { generateEc } from '../keys/generate.ts';
import {
  authorityKeyIdentifier,
  contentExtensions,
  keyIdentifier,
  subjectKeyIdentifier,
  uriConstraints,
} from './extensions.ts';
import { publicKeyInfo } from './keys.ts';
import { commonName } from './name.ts';
import { writePem } from './pem.ts';
import { caDays, inPem, readAuthority, validity, withinAuthority } from './server-certificates.ts';
import type { CertifiedKey } from './server-certificates.ts';
import { issuerIn, sign } from './sign.ts';

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
export async function makeGatewayAuthority(domain: string, nowMs: number): Promise<CertifiedKey> {
  const material = generateEc('P-256');
  const publicKey = publicKeyInfo(material);
  const subject = `Postern CA for gateways of ${domain}`;
  const contents: CertificateContents = {
    subject,
    ekus: [],
    keyUsage: ['keyCertSign', 'cRLSign'],
    basicConstraints: { ca: true, pathLength: 0 },
  };
  const name = commonName(subject);
  const extensions = [
    ...contentExtensions(contents),
    subjectKeyIdentifier(keyIdentifier(publicKey)),
    uriConstraints(domain),
  ];
  const body = { issuer: { name, material }, subject: name, publicKey, extensions };
  return inPem(material, await sign(body, validity(nowMs, caDays)));
}

/** The certificate of a gateway (PEM), which binds it to its virtual network (`ingress/gateway-certificate.ts`). */
export async function makeGatewayCertificate(
  authority: CertifiedKey,
  { domain, vnet, publicKey }: GatewayName,
  nowMs: number,
): Promise<string> {
  const issuer = issuerIn(readAuthority(authority));
  // With a space, so that it is not taken for a DNS name, which the authority may not certify.
  const subject = `gateway of ${vnet}`;
  const contents: CertificateContents = {
    subject,
    sans: { uris: [`spiffe://${domain}/vnet/${vnet}`] },
    ekus: [clientAuthentication],
    keyUsage: ['digitalSignature'],
  };
  const extensions = [
    ...contentExtensions(contents),
    subjectKeyIdentifier(keyIdentifier(publicKey)),
    authorityKeyIdentifier(issuer.keyIdentifier),
  ];
  const body = { issuer, subject: commonName(subject), publicKey, extensions };
  const certificate = await sign(body, withinAuthority(authority, validity(nowMs, gatewayCertificateDays)));
  return writePem({ material: undefined, certificates: [certificate] });
}
