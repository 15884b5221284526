/** How long a blob is, and of how many blocks. */
export interface BlobState {
  readonly length: number;
  readonly blocks: number;
}

/**
 * `moved`: the blob did not have that length, so nothing was appended. `full`: it takes no more blocks, and never will.
 */
export type Appended = { readonly kind: 'appended'; readonly blocks: number } | { readonly kind: 'moved' | 'full' };

/** Keeps append blobs. Its methods throw `DeliveryFailed`. */
export interface BlobStore {
  /** For the operator; without anything secret. */
  readonly target: string;
  /** Of each blob. */
  readonly blocksMax: number;
  /** Makes the blob if need be. */
  open(blob: string): Promise<BlobState>;
  /** Appends if the blob is exactly so long; all or nothing. */
  append(blob: string, at: number, bytes: Buffer): Promise<Appended>;
  /** Whether the blob has these bytes there. */
  has(blob: string, at: number, bytes: Buffer): Promise<boolean>;
}
