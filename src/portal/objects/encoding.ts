/** Base64 (RFC 4648 section 4). In pieces, because a call takes only so many arguments. */
export function base64Of(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Base64url without padding (RFC 4648 section 5), as JSON Web Keys have it. */
export function base64urlOf(bytes: Uint8Array): string {
  return base64Of(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export function bytesOfBase64url(text: string): Uint8Array<ArrayBuffer> {
  return bytesOf(text.replaceAll('-', '+').replaceAll('_', '/'));
}

/** A thumbprint as people compare it: `0A1B…`, from base64url. */
export function hexOf(base64url: string): string {
  return [...bytesOfBase64url(base64url)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
}

/** The textual encoding of RFC 7468. */
export function pemOf(label: string, base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

export interface FileSecret {
  readonly value: string;
  /** As `az keyvault secret set --file` has it, in the tag `file-encoding`. */
  readonly encoding: 'utf-8' | 'base64';
}

/** A file as a secret's value: as it is if it is UTF-8, and in base64 otherwise. */
export function secretOfFile(bytes: Uint8Array): FileSecret {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), encoding: 'utf-8' };
  } catch {
    return { value: base64Of(bytes), encoding: 'base64' };
  }
}
