import { X509Certificate } from 'node:crypto';
import { makeCertificateAuthority, makeServerCertificate } from '../crypto/certificates/server-certificates.ts';
import type { CertifiedKey } from '../crypto/certificates/server-certificates.ts';
import { decode, encode } from '../store/store.ts';
import type { Store } from '../store/store.ts';

const certificatesKey = 'setup/certificates';

/** A certificate with fewer days left than this is replaced at the start. */
const renewalDays = 60;
const dayMs = 86_400_000;

export interface ServerCertificates {
  readonly domain: string;
  readonly authority: CertifiedKey;
  readonly server: CertifiedKey;
}

/**
 * The server's certificate and the authority that signed it, for the domain; made when there are none, or when the
 * domain is another, and renewed in time under the same authority.
 */
export async function openCertificates(store: Store, domain: string, now: number): Promise<ServerCertificates> {
  const [record] = await store.read({ get: [certificatesKey] });
  const stored = record === undefined ? undefined : decode<ServerCertificates>(record);
  const known = stored?.domain === domain ? stored : undefined;
  if (known !== undefined && isUsable(known.server.certificate, now)) return known;
  const authority =
    known !== undefined && isUsable(known.authority.certificate, now)
      ? known.authority
      : await makeCertificateAuthority(domain, now);
  const made = { domain, authority, server: await makeServerCertificate(authority, domain, now) };
  await store.transact({
    require: [{ key: certificatesKey, version: record?.version ?? null }],
    put: [{ key: certificatesKey, value: encode(made) }],
  });
  return made;
}

function isUsable(certificate: string, now: number): boolean {
  return Date.parse(new X509Certificate(certificate).validTo) > now + renewalDays * dayMs;
}
