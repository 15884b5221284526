import { createSecureContext } from 'node:tls';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { withoutResumption } from './gateway-certificate.ts';
import type { Certificate, CertifiedNames, TlsGateway } from './options.ts';

const minVersion = 'TLSv1.2';

interface Shown {
  readonly certificate: Certificate;
  readonly context: SecureContext;
}

/** The certificates that new connections are shown, by whose names they have, and the authorities of gateways. */
export class ShownCertificates {
  readonly #shown = new Map<CertifiedNames, Shown>();
  /** The server's own authorities of gateways' certificates, PEM. */
  gatewayAuthorities = '';

  constructor(certificates: Readonly<Partial<Record<CertifiedNames, Certificate>>>) {
    for (const names of ['own', 'azure'] as const) {
      const certificate = certificates[names];
      if (certificate !== undefined) this.set(names, certificate);
    }
  }

  set(names: CertifiedNames, certificate: Certificate): void {
    this.#shown.set(names, { certificate, context: createSecureContext({ ...certificate, minVersion }) });
  }

  /** The certificate that gateways are shown, and the authorities that theirs must be from. */
  toGateways({ certificate, clientCa = '' }: TlsGateway): SecureContextOptions {
    // A list, even if it is empty: without one, Node trusts every public authority.
    const ca = [clientCa, this.gatewayAuthorities].filter((authorities) => authorities.length > 0);
    return withoutResumption({ ...(certificate ?? this.of('own').certificate), ca, minVersion });
  }

  /** @throws {TypeError} when there is no certificate for these names: the caller opened a listener that it must not have */
  of(names: CertifiedNames): Shown {
    const shown = this.#shown.get(names);
    if (shown === undefined) throw new TypeError(`the ingress was given no certificate for ${names} names`);
    return shown;
  }
}
