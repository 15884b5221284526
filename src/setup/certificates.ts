import { X509Certificate } from 'node:crypto';
import { makeCertificateAuthority, makeServerCertificate } from '../crypto/certificates/server-certificates.ts';
import type { CertifiedKey } from '../crypto/certificates/server-certificates.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { isValid, planRenewal } from './certificate-renewal.ts';
import type { Lifetime } from './certificate-renewal.ts';

/** More authorities at a time would mean a clock that is set again and again. */
const authoritiesMax = 8;

export interface ServerCertificates {
  readonly domain: string;
  /** The authority that signed the server's certificate. */
  readonly authority: CertifiedKey;
  readonly server: CertifiedKey;
  /** The authorities before it, and the one that comes after it, in the order in which they were made. */
  readonly otherAuthorities?: readonly CertifiedKey[];
}

const certificatesKey = recordKind<ServerCertificates>({
  pattern: 'setup/certificates',
  owner: 'setup',
  holds: "the server's certificate, with its key, and the authorities that signed it",
}).key();

/**
 * The server's certificate and the authority that signed it, for the domain; made when there are none, or when the
 * domain is another. Called again later, it renews what must be renewed (`planRenewal`).
 * @param nowMs milliseconds since 1970
 */
export async function openCertificates(store: Store, domain: string, nowMs: number): Promise<ServerCertificates> {
  for (;;) {
    const { version, certificates } = await readCertificates(store, domain);
    const renewed = await renew(certificates, domain, nowMs);
    if (renewed === certificates) return renewed;
    try {
      await store.transact({
        require: [{ key: certificatesKey, version }],
        put: [recordPut(certificatesKey, renewed)],
      });
      return renewed;
    } catch (error) {
      // Another node was first: its certificates count.
      if (!(error instanceof Conflict)) throw error;
    }
  }
}

/** What clients are told to trust: every authority that is valid now, in PEM. While two overlap, it is both. */
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

async function readCertificates(store: Store, domain: string) {
  const [record] = await readRecords(store, { get: [certificatesKey] });
  if (record === undefined) return { version: null, certificates: undefined };
  const { version, value } = record;
  return { version, certificates: value.domain === domain ? value : undefined };
}

/** The same object when nothing is to be renewed. */
async function renew(
  known: ServerCertificates | undefined,
  domain: string,
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
  const all = plan.newAuthority ? [...authorities, await makeCertificateAuthority(domain, nowMs)] : authorities;
  const keeps = known !== undefined && plan.newServer === undefined;
  const authority = keeps ? known.authority : all[plan.signer];
  if (authority === undefined) throw new Error('the plan names an authority that there is not');
  const server = keeps ? known.server : await makeServerCertificate(authority, domain, nowMs);
  const otherAuthorities = withinBound(
    all.filter((other) => other !== authority),
    nowMs,
  );
  return { domain, authority, server, ...(otherAuthorities.length > 0 && { otherAuthorities }) };
}

/** Oldest first, by the time from which they are valid. */
function authoritiesOf({ authority, otherAuthorities = [] }: ServerCertificates): readonly CertifiedKey[] {
  return [...otherAuthorities, authority].toSorted(
    (a, b) => lifetimeOf(a.certificate).fromMs - lifetimeOf(b.certificate).fromMs,
  );
}

/** Those that are valid now stay in any case; of the others the latest goes, which a clock ahead of its time has made. */
function withinBound(others: readonly CertifiedKey[], nowMs: number): readonly CertifiedKey[] {
  if (others.length < authoritiesMax) return others;
  const latest = others
    .filter(({ certificate }) => !isValid(lifetimeOf(certificate), nowMs))
    .toSorted((a, b) => lifetimeOf(b.certificate).fromMs - lifetimeOf(a.certificate).fromMs)[0];
  return others.filter((other) => other !== latest);
}
