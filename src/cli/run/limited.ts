import { X509Certificate } from 'node:crypto';
import { readNameConstraints } from '../../crypto/certificates/name-constraints.ts';
import { trustRefusal } from '../trust/authorities.ts';

/** Whether `pem` has nothing but authorities, each of which may only name `domain` and what is below it. */
export function areLimitedTo(domain: string, pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  // A program might read what is between them.
  const isAll = blocks.join('').replace(/\s/g, '') === pem.replace(/\s/g, '');
  return isAll && blocks.length > 0 && blocks.every((block) => isLimitedTo(domain, block));
}

function isLimitedTo(domain: string, block: string): boolean {
  try {
    const { ca, raw } = new X509Certificate(block);
    return trustRefusal({ isAuthority: ca, constraints: readNameConstraints(raw), domain }) === undefined;
  } catch {
    return false;
  }
}
