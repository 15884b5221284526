import { X509Certificate } from 'node:crypto';
import {
  makeCertificateAuthority,
  makeServerCertificate,
  namesUnder,
} from '../crypto/certificates/server-certificates.ts';
import type { CertifiedKey, ServerNames } from '../crypto/certificates/server-certificates.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { azureHosts } from '../types/service.ts';
import { isValid, planRenewal } from './certificate-renewal.ts';
import type { Lifetime } from './certificate-renewal.ts';

/** The most authorities kept; more can only come from a clock that is set again and again. */
const authoritiesMax = 8;

export interface ServerCertificates {
  /** The common name of the server's certificate. */
  readonly domain: string;
  /** The authority that signed the server's certificate. */
  readonly authority: CertifiedKey;
  readonly server: CertifiedKey;
  /** The other authorities, earlier and later, in the order in which they were created. */
  readonly otherAuthorities?: readonly CertifiedKey[];
}

const ownKey = recordKind<ServerCertificates>({
  pattern: 'setup/certificates',
  owner: 'setup',
  holds: "the server's certificate, with its key, and the authorities that signed it",
}).key();

const azureKey = recordKind<ServerCertificates>({
  pattern: 'setup/azure-certificates',
  owner: 'setup',
  holds:
    "the certificate for Azure's names, with its key, and the authorities that signed it, which only workloads trust",
}).key();

/** Whether another node may have renewed certificates or authorities with that record. */
export function isSetupRecord(key: string): boolean {
  return key.startsWith('setup/');
}

type CertificatesKey = typeof ownKey;

const vaultsDomain = azureHosts.vaultSuffix.slice(1);
const servedAlone = [...azureHosts.authority, ...azureHosts.resourceManager, ...azureHosts.graph];

const azureServerNames: ServerNames = {
  authority: 'Postern CA for workloads of the fabric',
  domains: [vaultsDomain, ...servedAlone],
  server: vaultsDomain,
  dnsNames: [vaultsDomain, `*${azureHosts.vaultSuffix}`, ...servedAlone],
};

/**
 * Opens the server's certificate for the domain, and the authority that signed it. They are created if they do not exist
 * or are for another domain. Called again later, it renews what `planRenewal` says.
 * @param nowMs milliseconds since 1970
 */
export function openCertificates(store: Store, domain: string, nowMs: number): Promise<ServerCertificates> {
  return openFor(ownKey, namesUnder(domain), { store, nowMs });
}

/**
 * The same for Azure's names. The authority is another one, for workloads alone: everywhere else these names lead to Azure.
 */
export function openAzureCertificates(store: Store, nowMs: number): Promise<ServerCertificates> {
  return openFor(azureKey, azureServerNames, { store, nowMs });
}

async function openFor(
  certificatesKey: CertificatesKey,
  names: ServerNames,
  { store, nowMs }: { readonly store: Store; readonly nowMs: number },
): Promise<ServerCertificates> {
  for (;;) {
    const { version, certificates } = await readCertificates(store, certificatesKey, names.server);
    const renewed = await renew(certificates, names, nowMs);
    if (renewed === certificates) return renewed;
    try {
      await store.transact({
        require: [{ key: certificatesKey, version }],
        put: [recordPut(certificatesKey, renewed)],
      });
      return renewed;
    } catch (error) {
      // Another node was first: its certificates are used.
      if (!(error instanceof Conflict)) throw error;
    }
  }
}

/** The authorities for clients to trust, in PEM: all that are valid now. That is two while an authority is being replaced. */
export function trustedAuthorities(certificates: ServerCertificates, nowMs: number): string {
  return authoritiesOf(certificates)
    .filter(({ certificate }) => isValid(lifetimeOf(certificate), nowMs))
    .map(({ certificate }) => `${certificate}\n`)
    .join('');
}

/** @param certificate PEM */
export function lifetimeOf(certificate: string): Lifetime {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  return { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
}

async function readCertificates(store: Store, certificatesKey: CertificatesKey, domain: string) {
  const [record] = await readRecords(store, { get: [certificatesKey] });
  if (record === undefined) return { version: null, certificates: undefined };
  const { version, value } = record;
  return { version, certificates: value.domain === domain ? value : undefined };
}

/** Returns the same object if nothing is to be renewed. */
async function renew(
  known: ServerCertificates | undefined,
  names: ServerNames,
  nowMs: number,
): Promise<ServerCertificates> {
  const authorities = known === undefined ? [] : authoritiesOf(known);
  const signer = authorities.findIndex(({ certificate }) => certificate === known?.authority.certificate);
  const plan = planRenewal({
    authorities: authorities.map(({ certificate }) => lifetimeOf(certificate)),
    server: known === undefined ? undefined : { ...lifetimeOf(known.server.certificate), signer },
    nowMs,
  });
  if (known !== undefined && plan.newServer === undefined && !plan.newAuthority) return known;
  const all = plan.newAuthority ? [...authorities, await makeCertificateAuthority(names, nowMs)] : authorities;
  const keeps = known !== undefined && plan.newServer === undefined;
  const authority = keeps ? known.authority : all[plan.signer];
  if (authority === undefined) throw new Error('the plan names an authority that does not exist');
  const server = keeps ? known.server : await makeServerCertificate(authority, names, nowMs);
  const otherAuthorities = withinBound(
    all.filter((other) => other !== authority),
    nowMs,
  );
  return { domain: names.server, authority, server, ...(otherAuthorities.length > 0 && { otherAuthorities }) };
}

/** Oldest first, by the beginning of their validity. */
function authoritiesOf({ authority, otherAuthorities = [] }: ServerCertificates): readonly CertifiedKey[] {
  return [...otherAuthorities, authority].toSorted(
    (a, b) => lifetimeOf(a.certificate).fromMs - lifetimeOf(b.certificate).fromMs,
  );
}

/** Drops one authority when there are too many: the latest that is not valid now, which comes from a clock that was ahead. */
export function withinBound(others: readonly CertifiedKey[], nowMs: number): readonly CertifiedKey[] {
  if (others.length < authoritiesMax) return others;
  const latest = others
    .filter(({ certificate }) => !isValid(lifetimeOf(certificate), nowMs))
    .toSorted((a, b) => lifetimeOf(b.certificate).fromMs - lifetimeOf(a.certificate).fromMs)[0];
  return others.filter((other) => other !== latest);
}
