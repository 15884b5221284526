export const keySizes = ['2048', '3072', '4096'] as const;
export const keyCurves = ['P-256', 'P-384', 'P-521', 'P-256K'] as const;

/** The operations that a key may have, by its type (about-keys-details, "Key operations"). */
export const keyOperations = {
  RSA: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  EC: ['sign', 'verify'],
} as const;

/** A new key, as the fields of a form hold it. */
export interface KeyDraft {
  readonly kty: 'RSA' | 'EC';
  readonly size: string;
  readonly curve: string;
  /** The operations that are left out. */
  readonly without: readonly string[];
}

export const plainKey: KeyDraft = { kty: 'RSA', size: '2048', curve: 'P-256', without: [] };

/** The body of KeyCreate. All operations of the type are the vault's own default, which is not repeated. */
export function keyBody({ kty, size, curve, without }: KeyDraft) {
  const allowed = keyOperations[kty].filter((operation) => !without.includes(operation));
  return {
    kty,
    ...(kty === 'RSA' ? { key_size: Number(size) } : { crv: curve }),
    ...(allowed.length < keyOperations[kty].length && { key_ops: allowed }),
  };
}
