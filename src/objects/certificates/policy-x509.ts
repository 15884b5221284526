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
/** `DerReader` counts up to this when it reads a certificate. */
const pathLengthMax = 2 ** 31 - 1;

/** Azure's message for a certificate without a subject and alternative names. */
const noSubject = 'Either subjectName or san must be present';
const badSubject = 'Property policy.x509_props has invalid value. Invalid X.500 distinguished name\r\n';

/**
 * The fault in the names of a policy, from the client or from before. Azure checks them before anything else in a
 * policy. Names that the client does not send were checked before, or came with an imported certificate.
 */
export function namesFault(parameters: X509Parameters, before: PolicyX509 | undefined): string | undefined {
  const isMentioned = parameters.subject !== undefined || Object.keys(parameters.sans ?? {}).length > 0;
  if (before !== undefined && !isMentioned) return undefined;
  const { subject, sans = {} } = namesOf(parameters, before);
  const count = Object.values(sans).reduce((sum, names) => sum + names.length, 0);
  if (subject === '' && count === 0) return noSubject;
  if (subject.length > subjectMax) return tooLong(subject);
  if (count > namesMax) return `x509_props.sans has ${count} names; at most ${namesMax} are allowed.`;
  return parameters.subject === undefined || encodeName(parameters.subject).ok ? undefined : badSubject;
}

/** The contents of an imported certificate are accepted, even if such a certificate could not be made here. */
export function importedX509(x509: PolicyX509): Outcome<PolicyX509> {
  return x509.subject.length > subjectMax ? bad(tooLong(x509.subject)) : { ok: true, value: x509 };
}

/**
 * The X.509 properties of a policy: from the client, otherwise from before, otherwise Azure's defaults. Alternative
 * names of a kind that the client does not send are kept. `namesFault` has checked the names.
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
  if (eku !== undefined) return bad(`x509_props.ekus has '${eku.slice(0, 64)}', which is not an object identifier.`);
  const keyUsage = usage.map(canonicalUsage).filter((name) => name !== undefined);
  const unknown = usage.find((name) => canonicalUsage(name) === undefined);
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

/** RFC 8813 section 3: a certificate with an EC key must not have keyEncipherment. */
function defaultUsage({ curve }: PolicyKey): readonly KeyUsage[] {
  return curve === undefined ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'];
}

/** RFC 5280 section 4.2.1.9: only an authority has a path length. */
function checkConstraints({ ca, pathLength }: BasicConstraints): string | undefined {
  if (pathLength === undefined) return undefined;
  const at = `x509_props.basic_constraints.path_len_constraint is ${pathLength}`;
  if (!ca) return `${at}, but ca is not true; a path length is for authorities.`;
  const fits = Number.isSafeInteger(pathLength) && pathLength >= 0 && pathLength <= pathLengthMax;
  return fits ? undefined : `${at}; it must be a whole number from 0 to ${pathLengthMax}.`;
}

/** Azure accepts any case, and has to: its clients for .NET and C++ spell `cRLSign` as `crlSign`. */
function canonicalUsage(name: string): KeyUsage | undefined {
  return keyUsages.find((usage) => usage.toLowerCase() === name.toLowerCase());
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
