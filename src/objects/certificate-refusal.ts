/** Why a certificate's rules refuse, besides those of every object. */
export type CertificateRefusal = { readonly kind: 'pendingCertificateNotFound'; readonly name: string };
