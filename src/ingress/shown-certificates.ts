import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Certificate, CertifiedNames } from './options.ts';

export const minVersion = 'TLSv1.2';

interface Shown {
  readonly certificate: Certificate;
  readonly context: SecureContext;
}

/** The certificates that new connections are shown, by whose names they have. */
export class ShownCertificates {
  readonly #shown = new Map<CertifiedNames, Shown>();

  constructor(certificates: Readonly<Partial<Record<CertifiedNames, Certificate>>>) {
    for (const names of ['own', 'azure'] as const) {
      const certificate = certificates[names];
      if (certificate !== undefined) this.set(names, certificate);
    }
  }

  set(names: CertifiedNames, certificate: Certificate): void {
    this.#shown.set(names, { certificate, context: createSecureContext({ ...certificate, minVersion }) });
  }

  /** @throws {TypeError} when there is no certificate for these names: the caller opened a listener that it must not have */
  of(names: CertifiedNames): Shown {
    const shown = this.#shown.get(names);
    if (shown === undefined) throw new TypeError(`the ingress was given no certificate for ${names} names`);
    return shown;
  }
}
