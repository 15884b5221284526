import { X509Certificate } from 'node:crypto';
import type { GatewayListener } from '../control-plane/virtual-networks/gateway-certificate.ts';
import { makeGatewayCertificate } from '../crypto/certificates/gateway-certificates.ts';
import type { Settings } from '../settings/settings.ts';
import { lifetimeOf, openCertificates, trustedAuthorities } from '../setup/certificates.ts';
import { openGatewayAuthorities } from '../setup/gateway-authorities.ts';
import type { Store } from '../store/store.ts';
import type { ShownNow } from './certificates-in-use.ts';
import type { RenewedAuthorities } from './renewals.ts';

interface GatewayListenerParts {
  readonly settings: Pick<Settings, 'gateways' | 'domain'>;
  readonly store: Store;
  /** The operator's certificate for gateways, PEM. */
  readonly gatewayCertificate?: string | Buffer | undefined;
  readonly now: () => number;
}

/**
 * What a gateway on another host must know of the listener for it, and the certificates that the server signs for
 * gateways; `undefined` if the configuration has no such listener.
 */
export function gatewayListener(parts: GatewayListenerParts): GatewayListener | undefined {
  const { settings, store, gatewayCertificate, now } = parts;
  const { domain, gateways } = settings;
  const listen = gateways?.tls?.listen;
  if (listen === undefined) return undefined;
  return {
    listen,
    serverName: gatewayCertificate === undefined ? domain : nameIn(gatewayCertificate, domain),
    async serverAuthorities() {
      if (gatewayCertificate !== undefined) return null;
      return trustedAuthorities(await openCertificates(store, domain, now()), now());
    },
    async issue(asked) {
      const { signer } = await openGatewayAuthorities(store, domain, now());
      const certificate = await makeGatewayCertificate(signer, { domain, ...asked }, now());
      return { certificate, endsAtMs: lifetimeOf(certificate).toMs };
    },
  };
}

/** The authorities of gateways' certificates, which the ingress trusts; `undefined` without a listener for gateways. */
export function gatewayAuthorities(
  { settings, store }: Pick<GatewayListenerParts, 'settings' | 'store'>,
  ingress: { trustGateways(authorities: string): void },
): RenewedAuthorities | undefined {
  if (settings.gateways?.tls === undefined) return undefined;
  return {
    open: async (nowMs) => (await openGatewayAuthorities(store, settings.domain, nowMs)).trusted,
    trust: (authorities) => ingress.trustGateways(authorities),
  };
}

/** The operator's certificate for gateways, and its file. */
export function gatewayShown({
  settings,
  gatewayCertificate,
}: Pick<GatewayListenerParts, 'settings' | 'gatewayCertificate'>): ShownNow['gateway'] {
  const path = settings.gateways?.tls?.certificate;
  if (path === undefined || gatewayCertificate === undefined) return undefined;
  return { path, certificate: gatewayCertificate.toString() };
}

/** The server's domain if the certificate has it, or else its first DNS name, under which gateways can check it. */
function nameIn(certificate: string | Buffer, domain: string): string {
  const own = new X509Certificate(certificate);
  if (own.checkHost(domain) !== undefined) return domain;
  return /(?:^|, )DNS:([^,"]+)/.exec(own.subjectAltName ?? '')?.[1] ?? domain;
}
