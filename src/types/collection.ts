/** The three collections of a vault. What they share (versions, lists, soft delete) is written once for all of them. */
export type Collection = 'secrets' | 'keys' | 'certificates';

/** The singular in Azure's names of errors and operations: `SecretNotFound`, `KeyPurge`. */
export const collectionNouns: Readonly<Record<Collection, string>> = {
  secrets: 'Secret',
  keys: 'Key',
  certificates: 'Certificate',
};
