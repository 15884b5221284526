import { X509Certificate } from 'node:crypto';
import type { TlsPair } from '../types/supervision.ts';

/** A certificate that new connections are shown, for those that watch when it ends. */
export interface CertificateInUse {
  /** `server`, `fabric`: ours, for our own names and for Azure's. `gateway`, `operator`: from files of the operator's. */
  readonly of: 'server' | 'fabric' | 'gateway' | 'operator';
  /** The file; absent for ours. */
  readonly path?: string;
  /** As the certificate has them, such as `DNS:localhost, DNS:*.vault.localhost`. */
  readonly names: string;
  /** Milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether the server renews it. Otherwise the operator must replace the file. */
  readonly isRenewed: boolean;
}

/** Certificates, PEM; each may be followed by its issuers. */
export interface ShownNow {
  readonly ours: readonly { readonly of: 'server' | 'fabric'; readonly certificate: string }[];
  readonly gateway: { readonly path: string; readonly certificate: string } | undefined;
  readonly operator: readonly Pick<TlsPair, 'path' | 'certificate'>[];
}

/** When each certificate begins and ends that the server shows. */
export function certificatesInUse({ ours, gateway, operator }: ShownNow): readonly CertificateInUse[] {
  return [
    ...ours.map(({ of, certificate }): CertificateInUse => ({ of, isRenewed: true, ...read(certificate) })),
    ...(gateway === undefined ? [] : [ofFile('gateway', gateway)]),
    ...operator.map((one) => ofFile('operator', one)),
  ];
}

function ofFile(
  of: 'gateway' | 'operator',
  { path, certificate }: Pick<TlsPair, 'path' | 'certificate'>,
): CertificateInUse {
  return { of, path, isRenewed: false, ...read(certificate) };
}

/** The first certificate in the string. */
function read(pem: string) {
  const { subjectAltName = '', validFromDate, validToDate } = new X509Certificate(pem);
  return { names: subjectAltName, fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
}
