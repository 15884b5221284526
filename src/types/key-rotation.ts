/** A key to replace, and how. It is an order of the operator, through the supervisor to its worker. */
export type Rotation =
  /** `key`: the new one, as `parseMasterKey` reads it; `undefined`: a new one is made. */
  | { readonly of: 'masterKey'; readonly key: string | undefined }
  /** `revoke`: the keys before verify nothing from then on. */
  | { readonly of: 'tokenKey'; readonly revoke: boolean };

/** Where the master key is kept. */
export type MasterKeyPlace =
  | { readonly place: 'environment' }
  | { readonly place: 'dataFolder' }
  /** Absolute. */
  | { readonly place: 'file'; readonly file: string };
