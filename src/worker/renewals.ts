import { X509Certificate } from 'node:crypto';
import type { Logger } from 'pino';
import type { RenewalTimes, SigningKeys } from '../authority/signing-keys.ts';
import type { CertifiedKey } from '../crypto/certificates/server-certificates.ts';
import type { Certificate } from '../ingress/options.ts';
import { isValid } from '../setup/certificate-renewal.ts';
import { lifetimeOf, openCertificates, trustedAuthorities } from '../setup/certificates.ts';
import type { ServerCertificates } from '../setup/certificates.ts';
import type { Store } from '../store/store.ts';

const dayMs = 86_400_000;
/** The interval of checks. A check is cheap, and a changed clock is noticed within this time. */
const lookEveryMs = 60_000;
const warnEveryMs = dayMs;
/** Longer than the sixty days before its end in which an authority no longer signs. */
const warnOfAuthorityMs = 120 * dayMs;
const warnOfGatewayMs = 30 * dayMs;

const signingKeyTimes: RenewalTimes = { every: 90 * dayMs, announce: dayMs };

export interface RenewalsParts {
  readonly store: Store;
  readonly domain: string;
  /** The certificates at the start. */
  readonly certificates: ServerCertificates;
  readonly signingKeys: SigningKeys;
  readonly ingress: { setCertificate(certificate: Certificate): void };
  /** Replaces `ca.pem`. */
  readonly publishAuthorities: (pem: string) => void;
  /** The operator's certificate (PEM) for gateways. Its end is watched, but we cannot renew it. */
  readonly gatewayCertificate: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * Renews, while the server runs, what expires: the server's certificate, the authority that signs it and the keys that
 * sign tokens. It checks the clock every minute instead of storing due work: such a record takes its time from the clock
 * that wrote it, so after a start with a clock years ahead it would be due years too late.
 */
export class Renewals {
  readonly #parts: RenewalsParts;
  #certificates: ServerCertificates;
  #published: string;
  #warnedAtMs = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: RenewalsParts) {
    this.#parts = parts;
    this.#certificates = parts.certificates;
    this.#published = trustedAuthorities(parts.certificates, parts.now());
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), lookEveryMs).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Renews what must be renewed now. A failure is logged, and the next check tries again. */
  look(): Promise<void> {
    this.#looking = this.#lookAfter(this.#looking);
    return this.#looking;
  }

  async #lookAfter(before: Promise<void>): Promise<void> {
    await before;
    try {
      await this.#lookAtCertificates();
      await this.#lookAtSigningKeys();
      this.#warn();
    } catch (error) {
      this.#parts.log.error({ err: error }, 'certificates or signing keys could not be renewed; will be tried again');
    }
  }

  async #lookAtCertificates(): Promise<void> {
    const { store, domain, ingress, publishAuthorities, now, log } = this.#parts;
    const before = this.#certificates;
    const certificates = await openCertificates(store, domain, now());
    this.#certificates = certificates;
    // First publish the authority that clients must trust, then use the certificate that it signed.
    const trusted = trustedAuthorities(certificates, now());
    if (trusted !== this.#published) {
      publishAuthorities(trusted);
      this.#published = trusted;
      log.warn('ca.pem has changed: clients with a copy of it need the new one');
    }
    if (certificates.server.certificate === before.server.certificate) return;
    ingress.setCertificate(serverChain(certificates));
    const { validFrom, validTo } = new X509Certificate(certificates.server.certificate);
    log.info({ validFrom, validTo, before: datesOf(before.server) }, "the server's certificate was renewed");
  }

  async #lookAtSigningKeys(): Promise<void> {
    const { signingKeys, log } = this.#parts;
    const fromMs = await signingKeys.renew(signingKeyTimes);
    if (fromMs === undefined) return;
    log.info(
      { from: new Date(fromMs).toISOString() },
      'a new token-signing key is in the JWKS; it signs from that time on',
    );
  }

  #warn(): void {
    const { gatewayCertificate, now } = this.#parts;
    const nowMs = now();
    const { authority } = this.#certificates;
    const ends = lifetimeOf(authority.certificate).toMs;
    if (ends < nowMs + warnOfAuthorityMs) {
      this.#warnDaily(
        'the certificate authority of the server expires soon: make sure that clients trust its successor, which is in ca.pem',
        authority,
      );
    }
    if (gatewayCertificate === undefined) return;
    const gateway = { certificate: gatewayCertificate };
    const lifetime = lifetimeOf(gatewayCertificate);
    if (lifetime.fromMs > nowMs) {
      this.#warnDaily('the certificate in gateways.tls.certificate is not valid yet: is the clock right?', gateway);
    } else if (!isValid(lifetime, nowMs + warnOfGatewayMs)) {
      this.#warnDaily(
        'the certificate in gateways.tls.certificate expires soon: replace the file, then send SIGHUP',
        gateway,
      );
    }
  }

  #warnDaily(message: string, about: Pick<CertifiedKey, 'certificate'>): void {
    const { now, log } = this.#parts;
    const lastMs = this.#warnedAtMs.get(message);
    // A clock that was set back must not suppress the warning.
    if (lastMs !== undefined && now() >= lastMs && now() < lastMs + warnEveryMs) return;
    this.#warnedAtMs.set(message, now());
    log.warn(datesOf(about), message);
  }
}

/** The chain that the ingress sends: the server's certificate, and the authority that signed it. */
export function serverChain({ server, authority }: ServerCertificates): Certificate {
  return { key: server.key, cert: `${server.certificate}\n${authority.certificate}` };
}

function datesOf({ certificate }: Pick<CertifiedKey, 'certificate'>) {
  const { validFrom, validTo } = new X509Certificate(certificate);
  return { validFrom, validTo };
}
