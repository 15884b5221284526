import { createSecureContext } from 'node:tls';
import type { SecureContext, SecureContextOptions, TLSSocketOptions } from 'node:tls';
import { contextFor, contextsByName, type ContextsByName } from './by-name.ts';
import { withoutResumption } from './gateway-certificate.ts';
import type { Certificate, CertifiedNames, IngressOptions, NamedCertificate, TlsGateway } from './options.ts';

const minVersion = 'TLSv1.2';

interface Shown {
  readonly certificate: Certificate;
  readonly context: SecureContext;
}

/** The certificates that new connections are shown, by whose names they have, and the authorities of gateways. */
export class ShownCertificates {
  readonly #shown = new Map<CertifiedNames, Shown>();
  #operator: ContextsByName = new Map();
  #ofOperator: readonly NamedCertificate[];
  #gatewayAuthorities = '';
  /** Called after each change. */
  changed: () => void = () => undefined;

  constructor({ operator = [], ...certificates }: IngressOptions['certificates']) {
    this.#ofOperator = operator;
    for (const names of ['own', 'azure'] as const) {
      const certificate = certificates[names];
      if (certificate !== undefined) this.set(names, certificate);
    }
    this.#operator = contextsByName(operator, minVersion);
  }

  /** The operator's certificates, as they were given. */
  get ofOperator(): readonly NamedCertificate[] {
    return this.#ofOperator;
  }

  /** The server's own authorities of gateways' certificates, PEM. */
  get gatewayAuthorities(): string {
    return this.#gatewayAuthorities;
  }

  set gatewayAuthorities(authorities: string) {
    this.#gatewayAuthorities = authorities;
    this.changed();
  }

  set(names: CertifiedNames, certificate: Certificate): void {
    this.#shown.set(names, { certificate, context: createSecureContext({ ...certificate, minVersion }) });
    this.changed();
  }

  /**
   * Replaces the operator's certificates.
   * @throws {Error} for one that OpenSSL does not take; the ones from before are then shown
   */
  setOperator(certificates: readonly NamedCertificate[]): void {
    this.#operator = contextsByName(certificates, minVersion);
    this.#ofOperator = certificates;
    // Tickets belong to this context. A resumed session would not show the client the certificate.
    this.set('own', this.of('own').certificate);
  }

  /** The certificate for a connection: the operator's for the name that the client asks for, or else the server's. */
  endingFor(names: CertifiedNames): Pick<TLSSocketOptions, 'SNICallback'> & { readonly secureContext: SecureContext } {
    const { context: secureContext } = this.of(names);
    const operator = this.#operator;
    if (names !== 'own' || operator.size === 0) return { secureContext };
    return { secureContext, SNICallback: (name, done) => done(null, contextFor(operator, name)) };
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
