/** Why a certificate's rules refuse, besides those of every object. */
export type CertificateRefusal =
  | { readonly kind: 'pendingCertificateNotFound'; readonly name: string }
  /** A create or an import, while an operation of that name is under way. */
  | { readonly kind: 'certificatePending' }
  | { readonly kind: 'pendingNotInProgress' }
  /** A merge into an operation whose issuer is at work. */
  | { readonly kind: 'mergeForbidden'; readonly issuer: string }
  | { readonly kind: 'mergeCompleted' }
  /** The name is that of an ordinary key or secret. */
  | { readonly kind: 'certificateNameTaken'; readonly collection: 'keys' | 'secrets'; readonly name: string }
  /** A change of a certificate's own secret. */
  | { readonly kind: 'secretManaged'; readonly operation: string }
  | { readonly kind: 'contactsNotFound' }
  /** `name` where Azure says it. */
  | { readonly kind: 'issuerNotFound'; readonly name?: string };
