import { encodeName } from '../crypto/certificates/name.ts';
import { describeRefusal } from '../crypto/certificates/refusal.ts';
import { keyUsages } from '../types/certificate.ts';
import type { AlternativeNames, BasicConstraints, KeyUsage } from '../types/certificate.ts';
import type { PolicyKey, PolicyX509, X509Parameters } from './certificate-policy.ts';
import { refused } from './object.ts';
import type { Outcome } from './object.ts';

/** TLS server and client authentication (RFC 5280 section 4.2.1.12): Azure's defaults. */
const defaultEkus = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
const defaultMonths = 12;
/** A hundred years. */
const monthsMax = 1200;
const subjectMax = 200;
const namesMax = 100;
/** What is read of a certificate is counted as far (`DerReader`). */
const pathLengthMax = 2 ** 31 - 1;

/**
 * What a policy says of the certificate: what a client says, or else what was there before, or else Azure's defaults.
 * Alternative names that are not mentioned stay as they are, kind by kind.
 */
export function policyX509(
  parameters: X509Parameters,
  before: PolicyX509 | undefined,
  key: PolicyKey,
): Outcome<PolicyX509> {
  const subject = parameters.subject ?? before?.subject ?? '';
  const sans = { ...before?.sans, ...parameters.sans };
  const ekus = parameters.ekus ?? before?.ekus ?? defaultEkus;
  const usage = parameters.keyUsage ?? before?.keyUsage ?? defaultUsage(key);
  const validityMonths = parameters.validityMonths ?? before?.validityMonths ?? defaultMonths;
  const names = checkNames(subject, sans);
  if (names !== undefined) return bad(names);
  const eku = ekus.find((oid) => !/^[0-2](?:\.(?:0|[1-9]\d{0,17})){1,31}$/.test(oid));
  if (eku !== undefined) return bad(`x509_props.ekus has '${eku.slice(0, 64)}', which is no object identifier.`);
  const keyUsage = usage.map(speltUsage).filter((name) => name !== undefined);
  const unknown = usage.find((name) => speltUsage(name) === undefined);
  if (unknown !== undefined) {
    return bad(`x509_props.key_usage has '${unknown.slice(0, 64)}'; known are ${keyUsages.join(', ')}.`);
  }
  if (!Number.isSafeInteger(validityMonths) || validityMonths < 1 || validityMonths > monthsMax) {
    return bad(`x509_props.validity_months is ${validityMonths}; it must be a whole number from 1 to ${monthsMax}.`);
  }
  const basicConstraints = parameters.basicConstraints ?? before?.basicConstraints ?? { ca: false };
  const constraints = checkConstraints(basicConstraints);
  if (constraints !== undefined) return bad(constraints);
  return { ok: true, value: { subject, sans, ekus, keyUsage, validityMonths, basicConstraints } };
}

/** RFC 8813 section 3: a certificate about an EC key must not say keyEncipherment. */
function defaultUsage({ curve }: PolicyKey): readonly KeyUsage[] {
  return curve === undefined ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'];
}

function checkNames(subject: string, sans: Partial<AlternativeNames>): string | undefined {
  const count = Object.values(sans).reduce((sum, names) => sum + names.length, 0);
  if (subject === '' && count === 0)
    return 'x509_props has neither a subject nor sans; a certificate needs one of them.';
  if (subject.length > subjectMax) {
    return `x509_props.subject has ${subject.length} characters; at most ${subjectMax} are allowed.`;
  }
  if (count > namesMax) return `x509_props.sans has ${count} names; at most ${namesMax} are allowed.`;
  if (subject === '') return undefined;
  const name = encodeName(subject);
  return name.ok ? undefined : `x509_props.subject: ${describeRefusal(name.refusal)}`;
}

/** RFC 5280 section 4.2.1.9: only an authority has a path after it. */
function checkConstraints({ ca, pathLength }: BasicConstraints): string | undefined {
  if (pathLength === undefined) return undefined;
  const at = `x509_props.basic_constraints.path_len_constraint is ${pathLength}`;
  if (!ca) return `${at}, but ca is not true; a path length is for authorities.`;
  const fits = Number.isSafeInteger(pathLength) && pathLength >= 0 && pathLength <= pathLengthMax;
  return fits ? undefined : `${at}; it must be a whole number from 0 to ${pathLengthMax}.`;
}

/** Azure takes any case, and needs to: its clients for .NET and C++ call the one for lists of revocation `crlSign`. */
function speltUsage(name: string): KeyUsage | undefined {
  return keyUsages.find((usage) => usage.toLowerCase() === name.toLowerCase());
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
