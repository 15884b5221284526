import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readNameConstraints } from '../../crypto/certificates/name-constraints.ts';
import type { NameConstraints } from '../../crypto/certificates/name-constraints.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';

/** A certificate to trust, with the name that it has in a store. */
export interface Authority {
  readonly nickname: string;
  readonly pem: string;
  /** SHA-1 of the certificate, in hexadecimal: what macOS and Windows call it by. */
  readonly thumbprint: string;
}

/** All names in stores of certificates of this server begin so, and no others do: a tenant is one server's. */
export function nicknamePrefix({ tenantId }: Pick<Connection, 'tenantId'>): string {
  return `Postern ${tenantId} `;
}

/** The domain that the server's certificates are for. */
export function domainOf({ home }: Pick<Connection, 'home'>): string {
  return new URL(home).hostname;
}

/** The file of the server's own authorities. The connection's `caFile` may have others too, for certificates of the operator's. */
export function authorityFileOf({ dataDir }: Pick<Connection, 'dataDir'>): string {
  return join(dataDir, 'ca.pem');
}

/**
 * The server's authorities: one, or two while it is being replaced.
 * @throws {CommandFailed} for one that could certify names of others
 */
export function readAuthorities(connection: Connection): readonly Authority[] {
  const caFile = authorityFileOf(connection);
  const blocks = readFile(caFile).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new CommandFailed(`${caFile} contains no certificate.`);
  return blocks.map((pem) => {
    const certificate = parse(pem, caFile);
    const domain = domainOf(connection);
    const refusal = trustRefusal({ isAuthority: certificate.ca, constraints: constraintsOf(certificate), domain });
    if (refusal !== undefined) {
      throw new CommandFailed(
        `The certificate authority in ${caFile} is not trusted: ${refusal}.`,
        `Postern's own authorities are limited to the server's domain. Compare the file with the server that you started.`,
      );
    }
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    return {
      nickname: `${nicknamePrefix(connection)}${fingerprint.slice(0, 16)}`,
      pem,
      thumbprint: certificate.fingerprint.replaceAll(':', ''),
    };
  });
}

export interface Trustworthiness {
  readonly isAuthority: boolean;
  readonly constraints: NameConstraints | undefined;
  readonly domain: string;
}

/**
 * Why an authority must not be trusted: it could certify more than the domain and the names below it; `undefined` if it
 * cannot. A constraint on one kind of name does not limit the others, so addresses must be excluded, all of them
 * (RFC 5280 section 4.2.1.10).
 */
export function trustRefusal({ isAuthority, constraints, domain }: Trustworthiness): string | undefined {
  if (!isAuthority) return 'it is not the certificate of an authority';
  if (constraints === undefined) return 'it has no name constraints, so it could certify any name';
  const { critical, permittedDnsNames, excludedAddresses } = constraints;
  if (!critical) return 'its name constraints are not critical, so a program may ignore them';
  if (permittedDnsNames.length === 0) return 'its name constraints permit every DNS name';
  const outside = permittedDnsNames.find((name) => name !== domain && !name.endsWith(`.${domain}`));
  if (outside !== undefined) return `it may certify ${JSON.stringify(outside)}, which is not ${domain} or below it`;
  const open = Object.entries({ IPv4: 8, IPv6: 32 }).find(
    ([, octets]) => !excludedAddresses.some((range) => range.length === octets && range.every((octet) => octet === 0)),
  );
  return open === undefined ? undefined : `it may certify ${open[0]} addresses`;
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandFailed(`${path} cannot be read: ${messageOf(error)}`);
  }
}

function parse(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new CommandFailed(`${file} contains a certificate that cannot be read: ${messageOf(error)}`);
  }
}

/** Constraints that cannot be read limit nothing. */
function constraintsOf({ raw }: X509Certificate): NameConstraints | undefined {
  try {
    return readNameConstraints(raw);
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
