import { ReadingAbandoned } from '../../crypto/certificate-files.ts';
import type { CertificateFiles } from '../../crypto/certificate-files.ts';
import { keySizeOf } from '../../crypto/key-material.ts';
import type { FileContents } from '../../crypto/certificates/chain.ts';
import { readCertificate } from '../../crypto/certificates/certificate.ts';
import { describeRefusal } from '../../crypto/certificates/refusal.ts';
import { wait } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';
import type { AlternativeNames, CertificateFacts, CertifiedMaterial } from '../../types/certificate.ts';
import type { KeyEngine } from '../../types/key.ts';
import { putActions } from './actions.ts';
import { checkTimes } from './certificate.ts';
import type { CertificateParameters, CertificateRecord } from './certificate.ts';
import { makeParts } from './parts.ts';
import { validityMonths } from './policy.ts';
import type { CertificateContentType, CertificatePolicy, PolicyParameters, PolicyX509 } from './policy.ts';
import { policyFrom } from './policy-rules.ts';
import { certificateState, checkFree, putParts } from './state.ts';
import { proveKey, unlessBusy } from '../keys/make.ts';
import { certificateKeys, refused } from '../object.ts';
import type { Outcome, VaultScope } from '../object.ts';

/** Reads clients' files off the thread that answers. */
export type CertificateFileReader = Pick<CertificateFiles, 'readPkcs12' | 'readPem'>;

export interface CertificateImport {
  readonly name: string;
  /**
   * A PKCS #12 file as base64, or PEM, possibly as base64. The policy's content type decides; without a policy, the
   * contents.
   */
  readonly value: string;
  readonly password: string;
  readonly policy: PolicyParameters;
  readonly parameters: CertificateParameters;
  readonly version: string;
  readonly engine: KeyEngine;
  readonly files: CertificateFileReader;
  /** Runs work that is useless once the client has gone; the signal is then aborted. */
  readonly whileConnected: <T>(work: (gone: AbortSignal) => Promise<T>) => Promise<T>;
}

/**
 * Imports a certificate that was made elsewhere, with its private key, as the current version. An existing policy keeps
 * whatever neither the client nor the certificate sets.
 */
export function* importCertificate(vault: VaultScope, asked: CertificateImport): Reading<Outcome<CertificateRecord>> {
  const state = yield* certificateState(vault, { name: asked.name });
  const refusal = checkFree(vault, state);
  if (refusal !== undefined) return refused(refusal);
  const before = state.own.current?.value.current.policy;
  const looksLike = pemIn(asked.value) === undefined ? 'application/x-pkcs12' : 'application/x-pem-file';
  const contentType = asked.policy.contentType ?? before?.contentType ?? looksLike;
  // `policyFrom` reports any other content type.
  const reader = readers[contentType === 'application/x-pem-file' ? contentType : 'application/x-pkcs12'];
  const contents = yield* wait(unlessBusy(() => unlessGone(() => asked.whileConnected((gone) => reader(asked, gone)))));
  if (!contents.ok) return contents;
  const [leaf = new Uint8Array()] = contents.value.certificates;
  const read = readCertificate(leaf);
  if (!read.ok) return bad(describeRefusal(read.refusal));
  const { notBefore, notAfter } = read.value;
  const nowSeconds = Math.floor(vault.nowMs / 1000);
  if (notAfter <= nowSeconds) {
    return bad(
      `The certificate expired at ${new Date(notAfter * 1000).toISOString()}, and cannot be imported any more.`,
    );
  }
  const times = checkTimes(asked.parameters, { notBefore, expires: notAfter });
  if (times !== undefined) return times;
  const policy = importedPolicy(vault, {
    asked: { ...asked.policy, contentType },
    contents: contents.value,
    facts: read.value,
    known: { before, nowSeconds },
  });
  if (!policy.ok) return policy;
  const proved = yield* wait(proveKey(asked.engine, contents.value.material));
  if (!proved.ok) return proved;
  const { enabled, tags, preserveCertOrder } = asked.parameters;
  const certified = {
    version: asked.version,
    policy: policy.value,
    ...contents.value,
    ...(enabled !== undefined && { enabled }),
    ...(tags !== undefined && { tags }),
    ...(preserveCertOrder !== undefined && { preserveCertOrder }),
  };
  const parts = yield* wait(makeParts(certified, nowSeconds));
  if (!parts.ok) return parts;
  const { object, put } = putParts(vault, state, { ...parts.value, policy: policy.value });
  // The import replaces the certificate, so an earlier operation is deleted.
  const over = state.pending === undefined ? {} : { delete: [certificateKeys(vault).pending(asked.name)] };
  const change = { require: state.require, put: [...put, ...putActions(vault, object)], ...over };
  return { ok: true, value: object, change };
}

async function unlessGone<T>(read: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ReadingAbandoned)) throw error;
    return bad('The connection ended before the certificate was read.');
  }
}

type Reader = (asked: CertificateImport, gone: AbortSignal) => Promise<Outcome<FileContents>>;

const readers: Readonly<Record<CertificateContentType, Reader>> = {
  async 'application/x-pkcs12'({ value, password, files }, gone) {
    const bytes = Buffer.from(value, 'base64');
    const read = await files.readPkcs12(bytes, password, gone);
    if (read.ok) return read;
    const isPem = pemIn(value) !== undefined;
    const hint = isPem ? ' For PEM, set policy.secret_props.contentType to application/x-pem-file.' : '';
    return bad(
      'The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 ' +
        `format. ${describeRefusal(read.refusal)}${hint}`,
    );
  },
  async 'application/x-pem-file'({ value, password, files }, gone) {
    const message =
      'The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM format.';
    const text = pemIn(value);
    if (text === undefined) return bad(message);
    const read = await files.readPem(text, password, gone);
    if (!read.ok) return bad(`${message} ${describeRefusal(read.refusal)}`);
    if (read.value.material === undefined) return bad(`${message} The PEM file holds no private key.`);
    return { ok: true, value: read.value };
  },
};

/**
 * "Accepted formats: PEM content or Base64 encoded PEM content", in Azure's words. The clients for JavaScript and az
 * send no content type with it ("Tutorial: Import a certificate in Azure Key Vault" has az import PEM so).
 */
function pemIn(value: string): string | undefined {
  const begin = '-----BEGIN ';
  if (value.includes(begin)) return value;
  const decoded = Buffer.from(value, 'base64').toString('latin1');
  return decoded.includes(begin) ? decoded : undefined;
}

/**
 * The policy of an imported certificate: what the certificate says, and the rest of the given policy. They must have
 * the same key.
 */
function importedPolicy(
  vault: VaultScope,
  imported: {
    readonly asked: PolicyParameters;
    readonly contents: CertifiedMaterial;
    readonly facts: CertificateFacts;
    readonly known: { readonly before: CertificatePolicy | undefined; readonly nowSeconds: number };
  },
): Outcome<CertificatePolicy> {
  const { asked, contents, facts, known } = imported;
  const { material } = contents;
  const { key: wanted = {}, x509: _, ...others } = asked;
  const before = known.before?.key;
  const { kty = before?.kty.startsWith(material.kty) === true ? before.kty : material.kty } = wanted;
  const form = material.kty === 'RSA' ? { size: keySizeOf(material) } : { curve: material.crv };
  // A key of another type must not become exportable by it.
  const is = { ...(before?.exportable === false && { exportable: false }), ...wanted, kty, ...form };
  const isOther = Object.entries(form).some(([name, value]) =>
    Object.entries(wanted).some(([n, v]) => n === name && v !== value),
  );
  if (kty.replace('-HSM', '') !== material.kty || isOther) {
    const found = material.kty === 'RSA' ? `RSA of ${keySizeOf(material)} bits` : `EC on ${material.crv}`;
    return bad(`policy.key_props is about another key than the imported one, which is ${found}.`);
  }
  const x509 = {
    subject: facts.subject,
    ...presentNames(facts.sans),
    ekus: facts.ekus,
    keyUsage: facts.keyUsage,
    basicConstraints: facts.basicConstraints,
    validityMonths: validityMonths(facts.notBefore, facts.notAfter),
  };
  return policyFrom(vault, { ...others, key: is }, { ...known, x509 });
}

function presentNames({ dnsNames, emails, upns, ipAddresses, uris }: AlternativeNames): Pick<PolicyX509, 'sans'> {
  const sans = {
    ...(dnsNames.length > 0 && { dnsNames }),
    ...(emails.length > 0 && { emails }),
    ...(upns.length > 0 && { upns }),
    ...(ipAddresses.length > 0 && { ipAddresses }),
    ...(uris.length > 0 && { uris }),
  };
  return Object.keys(sans).length > 0 ? { sans } : {};
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
