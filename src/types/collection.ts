/** The three collections of a vault. What they share (versions, lists, soft delete) is written once, over any of them. */
export type Collection = 'secrets' | 'keys' | 'certificates';

/** One of each, as Azure's names of errors and operations have it: `SecretNotFound`, `KeyPurge`. */
export const collectionNouns: Readonly<Record<Collection, string>> = {
  secrets: 'Secret',
  keys: 'Key',
  certificates: 'Certificate',
};
