/** Which gate of a vault refused the browser. */
export type VaultRefusal =
  /** `address`: the caller's, in the vault's own words. */
  | { readonly gate: 'firewall'; readonly address: string | undefined }
  /** Public network access is disabled, so that no rule could let the browser in. */
  | { readonly gate: 'publicAccess' }
  | { readonly gate: 'permission' };

const permissionCodes: ReadonlySet<string | undefined> = new Set(['AccessDenied', 'ForbiddenByRbac']);

/** The gate that an answer speaks of; `undefined` for every other failure. */
export function vaultRefusalOf({
  status,
  innerCode,
  message,
}: {
  readonly status: number;
  readonly innerCode: string | undefined;
  readonly message: string;
}): VaultRefusal | undefined {
  if (status !== 403) return undefined;
  if (innerCode === 'ForbiddenByFirewall') return { gate: 'firewall', address: statedAddress(message) };
  if (innerCode === 'ForbiddenByConnection') return { gate: 'publicAccess' };
  return permissionCodes.has(innerCode) ? { gate: 'permission' } : undefined;
}

/** The address in the vault's sentence, whose second line is `Client address: 203.0.113.7`. */
export function statedAddress(message: string): string | undefined {
  const address = /^Client address: (\S+)\s*$/m.exec(message)?.[1];
  return address === 'unknown' ? undefined : address;
}
