import type { Logger } from 'pino';
import type { RenewalTimes, SigningKeys } from '../authority/signing-keys.ts';
import type { Certificate } from '../ingress/options.ts';
import type { Lifetime } from '../setup/certificate-renewal.ts';
import { lifetimeOf, openAzureCertificates, openCertificates, trustedAuthorities } from '../setup/certificates.ts';
import type { ServerCertificates } from '../setup/certificates.ts';
import type { Store } from '../store/store.ts';
import type { TlsPair } from '../types/supervision.ts';
import { certificatesInUse, type CertificateInUse, type ShownNow } from './certificates-in-use.ts';
import { FailureLog } from './failure-line.ts';
import { replaceFile } from './files.ts';
import type { OperatorCertificates } from './operator-certificates.ts';

const dayMs = 86_400_000;
/** The interval of checks. A check is cheap, and a changed clock is noticed within this time. */
const lookEveryMs = 60_000;
const warnEveryMs = dayMs;
/** Longer than the sixty days before its end in which an authority no longer signs. */
const warnOfAuthorityMs = 120 * dayMs;
const warnOfOperatorsMs = 30 * dayMs;

const signingKeyTimes: RenewalTimes = { every: 90 * dayMs, announce: dayMs };

/** The names that certificates are for: the server's own, or Azure's. */
type NamesOf = 'server' | 'fabric';

/** Parts of the log's messages. */
const phrases: Readonly<
  Record<NamesOf, { readonly file: string; readonly certificate: string; readonly authority: string }>
> = {
  server: {
    file: 'ca.pem',
    certificate: "the server's certificate",
    authority: 'the certificate authority of the server',
  },
  fabric: {
    file: 'fabric-ca.pem',
    certificate: "the certificate for Azure's names",
    authority: "the certificate authority for Azure's names",
  },
};

/** Certificates that are renewed, with their authorities. */
interface RenewedCertificates {
  readonly name: NamesOf;
  /** At the start. */
  readonly certificates: ServerCertificates;
  /** Opens them at that time, renewed where they must be. */
  readonly open: (nowMs: number) => Promise<ServerCertificates>;
  /** Replaces the file with the authorities to trust, PEM. */
  readonly publish: (pem: string) => void;
  /** Shows new connections another certificate. */
  readonly show: (certificate: Certificate) => void;
}

/** The authorities of gateways' certificates, which only the listener for gateways trusts. */
export interface RenewedAuthorities {
  /** Those to trust at that time (PEM), with their successor where it is due. */
  readonly open: (nowMs: number) => Promise<string>;
  readonly trust: (authorities: string) => void;
}

export interface RenewalsParts {
  readonly renewed: readonly RenewedCertificates[];
  readonly signingKeys: SigningKeys;
  /** The operator's certificate for gateways. Its end is watched, but we cannot renew it. */
  readonly gateway: ShownNow['gateway'];
  /** Likewise, for other clients. */
  readonly operator: OperatorCertificates;
  readonly gateways: RenewedAuthorities | undefined;
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
  /** The present certificates, and the authorities that are published. */
  readonly #present = new Map<
    RenewedCertificates,
    { readonly certificates: ServerCertificates; readonly trusted: string }
  >();
  #trustedOfGateways = '';
  #warnedAtMs = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  readonly #failures: FailureLog;

  constructor(parts: RenewalsParts) {
    this.#parts = parts;
    const message = 'certificates or signing keys could not be renewed; will be tried again';
    this.#failures = new FailureLog({ ...parts, message });
    for (const one of parts.renewed) {
      const { certificates } = one;
      this.#present.set(one, { certificates, trusted: trustedAuthorities(certificates, parts.now()) });
    }
  }

  /** The certificates that new connections are shown. */
  inUse(): readonly CertificateInUse[] {
    const { gateway, operator } = this.#parts;
    const ours = Array.from(this.#present, ([{ name: of }, { certificates }]) => ({ of, ...certificates.server }));
    return certificatesInUse({ ours, gateway, operator: operator.pairs });
  }

  /** Shows new connections these certificates of the operator's, and warns of one that ends soon. */
  showOperatorCertificates(pairs: readonly TlsPair[]): void {
    this.#parts.operator.show(pairs);
    this.#warn();
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
      for (const one of this.#parts.renewed) await this.#lookAtCertificates(one);
      await this.#lookAtGateways();
      await this.#lookAtSigningKeys();
      this.#warn();
    } catch (error) {
      this.#failures.add(error);
    }
  }

  async #lookAtCertificates(one: RenewedCertificates): Promise<void> {
    const { now, log } = this.#parts;
    const { name, open, publish, show } = one;
    const before = this.#present.get(one) ?? { certificates: one.certificates, trusted: '' };
    const certificates = await open(now());
    // First publish the authority that clients must trust, then use the certificate that it signed.
    const trusted = trustedAuthorities(certificates, now());
    if (trusted !== before.trusted) {
      publish(trusted);
      log.warn(`${phrases[name].file} has changed: clients with a copy of it need the new one`);
    }
    this.#present.set(one, { certificates, trusted });
    const { server } = before.certificates;
    if (certificates.server.certificate === server.certificate) return;
    show(serverChain(certificates));
    const { from, to } = datesOf(lifetimeOf(certificates.server.certificate));
    log.info({ from, to, before: datesOf(lifetimeOf(server.certificate)) }, `${phrases[name].certificate} was renewed`);
  }

  async #lookAtGateways(): Promise<void> {
    const { gateways, now } = this.#parts;
    if (gateways === undefined) return;
    const trusted = await gateways.open(now());
    if (trusted === this.#trustedOfGateways) return;
    gateways.trust(trusted);
    this.#trustedOfGateways = trusted;
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
    const nowMs = this.#parts.now();
    for (const [{ name }, { certificates }] of this.#present) {
      const { authority } = certificates;
      if (lifetimeOf(authority.certificate).toMs >= nowMs + warnOfAuthorityMs) continue;
      const { file, authority: what } = phrases[name];
      this.#warnDaily(
        `${what} expires soon: make sure that clients trust its successor, which is in ${file}`,
        datesOf(lifetimeOf(authority.certificate)),
      );
    }
    for (const one of this.inUse()) this.#warnOf(one, nowMs);
  }

  /** We cannot renew what the operator gave. */
  #warnOf({ of, path = '', fromMs, toMs, isRenewed }: CertificateInUse, nowMs: number): void {
    if (isRenewed) return;
    const [named, remedy] =
      of === 'gateway'
        ? ['gateways.tls.certificate', 'replace the file, then send SIGHUP']
        : [path, 'replace the file'];
    const dates = datesOf({ fromMs, toMs });
    if (fromMs > nowMs) this.#warnDaily(`the certificate in ${named} is not valid yet: is the clock right?`, dates);
    else if (toMs <= nowMs)
      this.#warnDaily(`the certificate in ${named} has EXPIRED, and clients refuse it: ${remedy}`, dates);
    else if (toMs < nowMs + warnOfOperatorsMs)
      this.#warnDaily(`the certificate in ${named} expires soon: ${remedy}`, dates);
  }

  #warnDaily(message: string, dates: ReturnType<typeof datesOf>): void {
    const { now, log } = this.#parts;
    const lastMs = this.#warnedAtMs.get(message);
    // A clock that was set back must not suppress the warning.
    if (lastMs !== undefined && now() >= lastMs && now() < lastMs + warnEveryMs) return;
    this.#warnedAtMs.set(message, now());
    log.warn(dates, message);
  }
}

interface CertificateParts {
  readonly store: Store;
  readonly settings: { readonly domain: string };
  readonly certificates: ServerCertificates;
  readonly azureCertificates: ServerCertificates;
  readonly authorityFile: string;
  readonly fabricAuthorityFile: string;
}

/** The certificates of ours that the server shows, and the files with their authorities. */
export function renewedCertificates(
  { store, settings, certificates, azureCertificates, authorityFile, fabricAuthorityFile }: CertificateParts,
  ingress: { setCertificate(certificate: Certificate, names: 'own' | 'azure'): void },
  operator: OperatorCertificates,
): readonly RenewedCertificates[] {
  return [
    {
      name: 'server',
      certificates,
      open: (nowMs) => openCertificates(store, settings.domain, nowMs),
      publish(pem) {
        replaceFile(authorityFile, pem, 0o644);
        operator.trustBeside(pem);
      },
      show: (certificate) => ingress.setCertificate(certificate, 'own'),
    },
    {
      name: 'fabric',
      certificates: azureCertificates,
      open: (nowMs) => openAzureCertificates(store, nowMs),
      publish: (pem) => replaceFile(fabricAuthorityFile, pem, 0o644),
      show: (certificate) => ingress.setCertificate(certificate, 'azure'),
    },
  ];
}

/** The chain that the ingress sends: the server's certificate, and the authority that signed it. */
export function serverChain({ server, authority }: ServerCertificates): Certificate {
  return { key: server.key, cert: `${server.certificate}\n${authority.certificate}` };
}

function datesOf({ fromMs, toMs }: Lifetime) {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}
