import { certificateProperties, isCurrent } from '../../objects/certificates/certificate.ts';
import type { CertificateVersion, CurrentCertificate } from '../../objects/certificates/certificate.ts';
import type { PendingCertificate } from '../../objects/certificates/pending.ts';
import type { PolicyIssuer } from '../../objects/certificates/policy.ts';
import type { Done, ObjectRecord } from '../../objects/object.ts';
import type { AlternativeNames, BasicConstraints } from '../../types/certificate.ts';
import { answer, objectFacts } from '../operation.ts';
import type { Call, OperationResult } from '../operation.ts';

interface Shown {
  /** Whether there is an operation of its name. */
  readonly isPending?: boolean;
  /** Whether the request is for a version. */
  readonly isVersion?: boolean;
}

/** The answer that shows a version of a certificate, with its properties for the audit log. */
export function certificateAnswer(
  call: Call,
  { value: certificate, change }: Done<ObjectRecord<CertificateVersion>>,
  is: Shown = {},
): OperationResult {
  return {
    ...answer(200, certificateBundle(call, certificate, is), change),
    audit: certificateAudit(certificate.current),
  };
}

export function certificateAudit(version: CertificateVersion) {
  return { certificateProperties: certificateProperties(version) };
}

/**
 * CertificateBundle. A certificate that is not issued yet has its policy, but no certificate, key or secret. The answer to
 * a request for a version has no policy.
 */
export function certificateBundle(
  call: Call,
  certificate: ObjectRecord<CertificateVersion>,
  { isPending = false, isVersion = false }: Shown = {},
) {
  const { name, current } = certificate;
  const { version, cer, x5t, preserveCertOrder } = current;
  const id = `${call.origin}/certificates/${name}`;
  return {
    id: `${id}/${version}`,
    ...(cer !== undefined && {
      kid: `${call.origin}/keys/${name}/${version}`,
      sid: `${call.origin}/secrets/${name}/${version}`,
      x5t,
      cer,
    }),
    ...objectFacts(call.vault, current),
    ...(!isVersion && isCurrent(current) && { policy: policyBody(call, { name, current }) }),
    ...(preserveCertOrder !== undefined && { preserveCertOrder }),
    ...(isPending && { pending: { id: `${id}/pending` } }),
  };
}

/**
 * CertificateItem of a list. Its id has a version only in a list of versions. In every recorded list its subject is empty
 * and its attributes have no recovery level.
 */
export function certificateItem(call: Call, { name, current }: ObjectRecord<CertificateVersion>, version?: string) {
  const id = `${call.origin}/certificates/${name}`;
  const { x5t } = current;
  const { attributes, ...facts } = objectFacts(call.vault, current);
  const { recoveryLevel: _, recoverableDays: __, ...shown } = attributes;
  return {
    id: version === undefined ? id : `${id}/${version}`,
    ...(x5t !== undefined && { x5t }),
    attributes: shown,
    ...facts,
    subject: '',
  };
}

/** CertificatePolicy */
export function policyBody(
  call: Call,
  { name, current: { policy } }: { readonly name: string; readonly current: Pick<CurrentCertificate, 'policy'> },
) {
  const { key, x509, contentType, lifetimeActions, issuer, enabled, created, updated } = policy;
  return {
    id: `${call.origin}/certificates/${name}/policy`,
    key_props: {
      exportable: key.exportable,
      kty: key.kty,
      key_size: key.size,
      reuse_key: key.reuse,
      ...(key.curve !== undefined && { crv: key.curve }),
    },
    secret_props: { contentType },
    x509_props: {
      subject: x509.subject,
      ...(x509.sans !== undefined && { sans: namesBody(x509.sans) }),
      ekus: x509.ekus,
      key_usage: x509.keyUsage,
      validity_months: x509.validityMonths,
      basic_constraints: constraintsBody(x509.basicConstraints),
    },
    lifetime_actions: lifetimeActions.map(({ action, trigger }) => ({
      trigger:
        'daysBeforeExpiry' in trigger
          ? { days_before_expiry: trigger.daysBeforeExpiry }
          : { lifetime_percentage: trigger.lifetimePercentage },
      action: { action_type: action },
    })),
    issuer: issuerBody(issuer),
    attributes: { enabled, created, updated },
  };
}

function constraintsBody({ ca, pathLength }: BasicConstraints = { ca: false }) {
  return { ca, ...(pathLength !== undefined && { path_len_constraint: pathLength }) };
}

function namesBody({ dnsNames, ...others }: Partial<AlternativeNames>) {
  return { ...others, ...(dnsNames !== undefined && { dns_names: dnsNames }) };
}

/** Azure's details of a status that is in progress, by issuer. */
const inProgress =
  'Pending certificate created. Certificate request is in progress. This may take some time based on the issuer provider. ' +
  'Please check again later.';
const toBeMerged = 'Pending certificate created. Please Perform Merge to complete the request.';

/** CertificateOperation */
export function pendingBody(call: Call, pending: PendingCertificate) {
  const { name, issuer, csr, cancellationRequested, status, error, requestId } = pending;
  const id = `${call.origin}/certificates/${name}`;
  return {
    id: `${id}/pending`,
    issuer: { name: issuer.name },
    csr,
    cancellation_requested: cancellationRequested,
    status,
    ...(status === 'inProgress' && { status_details: issuer.name === 'Unknown' ? toBeMerged : inProgress }),
    ...(status === 'completed' && { target: id }),
    ...(error !== undefined && { error }),
    request_id: requestId,
  };
}

/** The header that says when to ask again, in whole seconds, while the operation is in progress. */
export function retryAfter({ issueMs }: Call, { status }: PendingCertificate): Readonly<Record<string, string>> {
  return status === 'inProgress' ? { 'retry-after': String(Math.max(1, Math.ceil(issueMs / 1000))) } : {};
}

function issuerBody({ name, certificateType, certificateTransparency }: PolicyIssuer) {
  return {
    name,
    ...(certificateType !== undefined && { cty: certificateType }),
    ...(certificateTransparency !== undefined && { cert_transparency: certificateTransparency }),
  };
}
