import { isObjectIdentifier } from '../../crypto/certificates/name-attributes.ts';
import { encodeName } from '../../crypto/certificates/name.ts';
import { keyUsages } from '../../types/certificate.ts';
import type { BasicConstraints, KeyUsage } from '../../types/certificate.ts';
import type { PolicyKey, PolicyX509, X509Parameters } from './policy.ts';
import { refused } from '../object.ts';
import type { Outcome } from '../object.ts';

/** TLS server and client authentication (RFC 5280 section 4.2.1.12): Azure's defaults. */
const defaultEkus = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
const defaultMonths = 12;
/** A hundred years. */
const monthsMax = 1200;
const subjectMax = 200;
const namesMax = 100;
/** What is read of a certificate is counted as far (`DerReader`). */
const pathLengthMax = 2 ** 31 - 1;

/** Azure's, for the names of a certificate that could not be made. */
const nobody = 'Either subjectName or san must be present';
const badSubject = 'Property policy.x509_props has invalid value. Invalid X.500 distinguished name\r\n';

/**
 * What is wrong with the names that a client asks for, with those that were there before. Azure says so before it looks
 * at anything else of a policy. A name that nobody mentions is right, or came with a certificate that was imported.
 */
export function wrongNames(parameters: X509Parameters, before: PolicyX509 | undefined): string | undefined {
  const isMentioned = parameters.subject !== undefined || Object.keys(parameters.sans ?? {}).length > 0;
  if (before !== undefined && !isMentioned) return undefined;
  const { subject, sans = {} } = namesOf(parameters, before);
  const count = Object.values(sans).reduce((sum, names) => sum + names.length, 0);
  if (subject === '' && count === 0) return nobody;
  if (subject.length > subjectMax) return tooLong(subject);
  if (count > namesMax) return `x509_props.sans has ${count} names; at most ${namesMax} are allowed.`;
  return parameters.subject === undefined || encodeName(parameters.subject).ok ? undefined : badSubject;
}

/** What a certificate says that was made elsewhere holds, whether it could be made here or not. */
export function importedX509(x509: PolicyX509): Outcome<PolicyX509> {
  return x509.subject.length > subjectMax ? bad(tooLong(x509.subject)) : { ok: true, value: x509 };
}

/**
 * What a policy says of the certificate: what a client says, or else what was there before, or else Azure's defaults.
 * Alternative names that are not mentioned stay as they are, kind by kind. The names are right: see `wrongNames`.
 */
export function policyX509(
  parameters: X509Parameters,
  before: PolicyX509 | undefined,
  key: PolicyKey,
): Outcome<PolicyX509> {
  const ekus = parameters.ekus ?? before?.ekus ?? defaultEkus;
  const usage = parameters.keyUsage ?? before?.keyUsage ?? defaultUsage(key);
  const validityMonths = parameters.validityMonths ?? before?.validityMonths ?? defaultMonths;
  const eku = parameters.ekus?.find((oid) => !isObjectIdentifier(oid));
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
  const names = namesOf(parameters, before);
  return { ok: true, value: { ...names, ekus, keyUsage, validityMonths, basicConstraints } };
}

function namesOf(parameters: X509Parameters, before: PolicyX509 | undefined): Pick<PolicyX509, 'subject' | 'sans'> {
  const subject = parameters.subject ?? before?.subject ?? '';
  const isNamed = parameters.sans !== undefined || before?.sans !== undefined;
  return { subject, ...(isNamed && { sans: { ...before?.sans, ...parameters.sans } }) };
}

function tooLong(subject: string): string {
  return `x509_props.subject has ${subject.length} characters; at most ${subjectMax} are allowed.`;
}

/** RFC 8813 section 3: a certificate about an EC key must not say keyEncipherment. */
function defaultUsage({ curve }: PolicyKey): readonly KeyUsage[] {
  return curve === undefined ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'];
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
