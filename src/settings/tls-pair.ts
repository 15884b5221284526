import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { TlsPair } from '../types/supervision.ts';
import { coverageOf, dnsNamesIn } from './tls-names.ts';

/** A file that the settings name, as it was read. */
export interface GivenFile {
  readonly path: string;
  readonly contents: string;
}

export interface GivenPair {
  readonly certificate: GivenFile;
  readonly key: GivenFile;
  /** The authorities that clients are to trust for it. */
  readonly authority: GivenFile | undefined;
}

export interface PairContext {
  /** Of the server. */
  readonly domain: string;
  readonly nowMs: number;
  /** The roots that this machine trusts: PEM. */
  readonly roots: () => readonly string[];
  /** Throws for a pair that TLS itself does not take, such as one with a signature that is too weak. */
  readonly tryTls: (pair: Pick<TlsPair, 'certificate' | 'key'>) => void;
}

export type JudgedPair =
  /** `notices`: what an operator should know although the pair is used. */
  | { readonly ok: true; readonly pair: TlsPair; readonly notices: readonly string[] }
  | { readonly ok: false; readonly message: string };

type Fault = { readonly ok: false; readonly message: string };

/** More than any chain needs. */
const certificatesMax = 10;
const rsaBitsMin = 2048;
const curves: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** Extended key usages (RFC 5280 section 4.2.1.12): for TLS servers, and for anything. */
const serverUsages: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']);

const certificateBlock =
  /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END (?:TRUSTED )?CERTIFICATE-----/g;
const keyBlock = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[^-]+-----END \1-----/;

/**
 * Reads a certificate with its key, and decides whether the server can show it. A pair is refused if no client could use it; an
 * expired one is used, with a notice: the clients' clocks may differ, and a server that does not start serves no client at all.
 */
export function judgePair(given: GivenPair, context: PairContext): JudgedPair {
  const chain = readCertificates(given.certificate);
  if (!chain.ok) return chain;
  const key = readKey(given.key);
  if (!key.ok) return key;
  const [own] = chain.certificates;
  const fault = orderFault(chain.certificates, key.key, given) ?? useFault(own, given.certificate);
  if (fault !== undefined) return refused(fault);
  const names = dnsNamesIn(own.subjectAltName);
  const misses = nameFault(names, given.certificate, context.domain);
  if (misses !== undefined) return refused(misses);
  const anchors = anchorsOf(chain.certificates, given.authority, context.roots);
  if (!anchors.ok) return anchors;
  const { path } = given.certificate;
  const pair: TlsPair = {
    path,
    names,
    keyType: key.key.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec',
    certificate: chain.certificates.map(String).join(''),
    key: key.pem,
    anchors: anchors.certificates.map(String).join(''),
  };
  const unusable = tlsFault(pair, context.tryTls);
  if (unusable !== undefined) return refused(unusable);
  return {
    ok: true,
    pair,
    notices: [
      ...lifetimeNotices(own, path, context.nowMs),
      ...nameNotices(names, path, context.domain),
      ...anchorNotices(chain.certificates, anchors.certificates, path),
    ],
  };
}

function refused(message: string): Fault {
  return { ok: false, message };
}

type ReadChain = { readonly ok: true; readonly certificates: readonly [X509Certificate, ...X509Certificate[]] } | Fault;

function readCertificates({ path, contents }: GivenFile): ReadChain {
  const blocks = contents.match(certificateBlock) ?? [];
  if (blocks.length > certificatesMax)
    return refused(`${path} has ${blocks.length} certificates; at most ${certificatesMax} are a chain.`);
  const certificates: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      return refused(
        `${path}: certificate ${index + 1} cannot be read: it is not one in PEM (openssl x509 -in FILE -text).`,
      );
    }
  }
  const [own, ...issuers] = certificates;
  if (own !== undefined) return { ok: true, certificates: [own, ...issuers] };
  const remedy = 'DER is converted by openssl x509 -inform der, PKCS #12 by openssl pkcs12';
  return refused(`${path} has no certificate in PEM (-----BEGIN CERTIFICATE-----); ${remedy}.`);
}

type ReadKey = { readonly ok: true; readonly key: KeyObject; readonly pem: string } | Fault;

function readKey({ path, contents }: GivenFile): ReadKey {
  const [pem, label = ''] = keyBlock.exec(contents) ?? [];
  if (label.startsWith('ENCRYPTED') || /^(?:Proc-Type: 4,ENCRYPTED|-----BEGIN ENCRYPTED )/m.test(contents)) {
    return refused(`${path} is encrypted: give the key without a passphrase (openssl pkey -in FILE), readable to few.`);
  }
  if (pem === undefined) return refused(`${path} has no private key in PEM (-----BEGIN PRIVATE KEY-----).`);
  const key = parseKey(pem);
  if (key === undefined)
    return refused(`${path} has a private key that cannot be read (openssl pkey -in FILE -check).`);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const found = `${path} is a key of the type ${type ?? 'unknown'}`;
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    return bits >= rsaBitsMin
      ? { ok: true, key, pem }
      : refused(`${path}: an RSA key of ${bits} bits; at least ${rsaBitsMin} are needed.`);
  }
  if (type === 'ec') {
    const curve = details?.namedCurve;
    return curves.has(curve)
      ? { ok: true, key, pem }
      : refused(`${path}: an EC key on ${curve}; P-256, P-384 or P-521 is needed.`);
  }
  return refused(`${found}, which not every client knows: use RSA or EC.`);
}

/** The error of OpenSSL is left out: it may quote. */
function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** A server sends its own certificate first, and then for each its issuer's (RFC 8446 section 4.4.2). */
function orderFault(
  [own, ...issuers]: readonly [X509Certificate, ...X509Certificate[]],
  key: KeyObject,
  { certificate, key: { path: keyPath } }: GivenPair,
): string | undefined {
  const order = "the server's own certificate comes first, then its issuer, then that one's";
  if (!own.checkPrivateKey(key)) {
    const found = issuers.findIndex((one) => one.checkPrivateKey(key));
    return found === -1
      ? `${keyPath} is not the key of ${certificate.path}: the certificate is for another key.`
      : `${certificate.path}: the certificate of the key is number ${found + 2}; ${order}.`;
  }
  const wrong = issuers.findIndex((issuer, index) => !isIssuer(issuer, index === 0 ? own : issuers[index - 1]));
  return wrong === -1
    ? undefined
    : `${certificate.path}: certificate ${wrong + 2} did not issue certificate ${wrong + 1}; ${order}.`;
}

function isIssuer(issuer: X509Certificate, of: X509Certificate | undefined): boolean {
  return of !== undefined && of.checkIssued(issuer) && of.verify(issuer.publicKey);
}

function useFault(own: X509Certificate, { path }: GivenFile): string | undefined {
  // Node's name for the extended key usage.
  const usages: readonly string[] | undefined = own.keyUsage;
  if (usages === undefined || usages.some((usage) => serverUsages.has(usage))) return undefined;
  return `${path} is not for TLS servers: its extended key usage lacks serverAuth.`;
}

function nameFault(names: readonly string[], { path }: GivenFile, domain: string): string | undefined {
  const answers = `the server answers to ${domain} and *.vault.${domain}`;
  if (names.length === 0) return `${path} has no DNS name (subjectAltName), and clients read no other; ${answers}.`;
  const { home, vaults, single } = coverageOf(names, domain);
  if (home || vaults || single.length > 0) return undefined;
  return `${path} is for ${names.join(', ')}, and ${answers}: get a certificate for these, or change domain.`;
}

function tlsFault(pair: TlsPair, tryTls: PairContext['tryTls']): string | undefined {
  try {
    tryTls(pair);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return `${pair.path} cannot be used for TLS (${code}).`;
  }
}

type Anchors = { readonly ok: true; readonly certificates: readonly X509Certificate[] } | Fault;

/**
 * The certificates that a client must trust: those that the operator names, or else the end of the chain if it signed itself, or
 * else the root of this machine that signed the end of the chain.
 */
function anchorsOf(
  chain: readonly [X509Certificate, ...X509Certificate[]],
  authority: GivenFile | undefined,
  roots: PairContext['roots'],
): Anchors {
  if (authority !== undefined) return readCertificates(authority);
  const last = chain.at(-1) ?? chain[0];
  // A server's certificate that signed itself may lack the right to sign others, which `checkIssued` asks for.
  if (last.subject === last.issuer && last.verify(last.publicKey)) return { ok: true, certificates: [last] };
  const root = roots()
    .flatMap((pem) => pem.match(certificateBlock) ?? [])
    .map((pem) => new X509Certificate(pem))
    .find((one) => isIssuer(one, last));
  return { ok: true, certificates: root === undefined ? [] : [root] };
}

function lifetimeNotices(own: X509Certificate, path: string, nowMs: number): readonly string[] {
  const { validFromDate, validToDate } = own;
  if (validToDate.getTime() <= nowMs)
    return [`${path} EXPIRED on ${validToDate.toISOString()}: clients refuse it. Replace the file.`];
  if (validFromDate.getTime() > nowMs)
    return [`${path} is not valid before ${validFromDate.toISOString()}: is the clock right?`];
  return [];
}

function nameNotices(names: readonly string[], path: string, domain: string): readonly string[] {
  const { home, vaults } = coverageOf(names, domain);
  const missed = [...(home ? [] : [domain]), ...(vaults ? [] : [`*.vault.${domain}`])];
  if (missed.length === 0) return [];
  return [
    `${path} does not cover ${missed.join(' and ')}: there the server shows the certificate of its own authority.`,
  ];
}

function anchorNotices(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  path: string,
): readonly string[] {
  if (anchors.length > 0) return [];
  const issuer = chain.at(-1)?.issuer.replaceAll('\n', ', ') ?? '';
  return [
    `${path}: no root of this machine signed its chain (issuer: ${issuer}), so trusted.pem lacks it and the command line cannot connect: give tls[].authority.`,
  ];
}
