import type { CertificatePolicy } from './certificate-policy.ts';

/** A certificate is valid a little before it is issued, as Azure's are, for clocks that are behind. */
const earlierSeconds = 600;

/** From when to when a certificate that is issued now is valid; all in seconds since 1970. */
export function validity({ x509 }: Pick<CertificatePolicy, 'x509'>, now: number) {
  return { notBefore: now - earlierSeconds, notAfter: monthsLater(now, x509.validityMonths) };
}

/** The same day of a later month, or its last one. */
function monthsLater(seconds: number, months: number): number {
  const from = new Date(seconds * 1000);
  const later = new Date(from);
  later.setUTCMonth(from.getUTCMonth() + months);
  if (later.getUTCDate() !== from.getUTCDate()) later.setUTCDate(0);
  return Math.floor(later.getTime() / 1000);
}

/** How many whole months a certificate is valid, for the policy of one that was made elsewhere. */
export function validityMonths(notBefore: number, notAfter: number): number {
  const averageMonth = (365.2425 * 86_400) / 12;
  return Math.min(1200, Math.max(1, Math.round((notAfter - notBefore) / averageMonth)));
}
