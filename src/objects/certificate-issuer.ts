import type { PolicyIssuer } from './certificate-policy.ts';

/** The issuers that are none of a vault's records. */
const reserved = ['Self', 'Unknown'] as const;

/** The certificate's own key signs it. */
export function isSelf({ name }: PolicyIssuer): boolean {
  return name === 'Self';
}

/** Somebody whom the vault does not know signs the request. */
export function isUnknown({ name }: PolicyIssuer): boolean {
  return name === 'Unknown';
}

/** `self` is as good as `Self`; any other name names an issuer of the vault. */
export function speltIssuer(name: string): string {
  return reserved.find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
}

export function isReserved(name: string): boolean {
  return reserved.some((known) => known === speltIssuer(name));
}
