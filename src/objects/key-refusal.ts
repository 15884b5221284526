import type { CryptoRefusal } from '../types/key.ts';

/** Why a key's rules refuse, besides those of every object. */
export type KeyRefusal = CryptoRefusal | { readonly kind: 'keyOperationForbidden'; readonly operation: string };
