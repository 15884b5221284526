import type { PolicyParameters } from '../../objects/certificates/policy.ts';
import { accept } from '../../shape/fault.ts';
import { array, boolean, number, object, optional, partial, refine, renamed, string } from '../../shape/shape.ts';
import { attributes, objectMembers, strings } from '../body.ts';
import type { BodyShape } from '../body.ts';

/** The members in the body of every operation that makes a version. */
export const certificateMembers = { ...objectMembers, ...partial({ preserveCertOrder: boolean }) };

/** Decodes base64 (RFC 4648 section 4), which may have line breaks. `undefined` if it is not base64, or empty. */
export function base64(text: string): Uint8Array | undefined {
  const packed = text.replaceAll(/[\r\n]/g, '');
  return packed !== '' && /^[A-Za-z0-9+/]+={0,2}$/.test(packed) ? Buffer.from(packed, 'base64') : undefined;
}

/** IssuerParameters */
const issuer = renamed(object(partial({ name: string, cty: string, cert_transparency: boolean })), {
  cty: 'certificateType',
  cert_transparency: 'certificateTransparency',
});

/** KeyProperties */
const key = renamed(
  object(partial({ exportable: boolean, kty: string, key_size: number, reuse_key: boolean, crv: string })),
  { key_size: 'size', reuse_key: 'reuse', crv: 'curve' },
);

/** SubjectAlternativeNames */
const sans = renamed(
  object(partial({ emails: strings, dns_names: strings, upns: strings, uris: strings, ipAddresses: strings })),
  { dns_names: 'dnsNames' },
);

/** BasicConstraints */
const basicConstraints = renamed(object({ ca: optional(boolean, false), path_len_constraint: optional(number) }), {
  path_len_constraint: 'pathLength',
});

/** X509CertificateProperties */
const x509 = renamed(
  object(
    partial({
      subject: string,
      sans,
      ekus: strings,
      key_usage: strings,
      validity_months: number,
      basic_constraints: basicConstraints,
    }),
  ),
  { key_usage: 'keyUsage', validity_months: 'validityMonths', basic_constraints: 'basicConstraints' },
);

const trigger = renamed(object(partial({ lifetime_percentage: number, days_before_expiry: number })), {
  lifetime_percentage: 'lifetimePercentage',
  days_before_expiry: 'daysBeforeExpiry',
});

const action = renamed(object(partial({ action_type: string })), { action_type: 'action' });

/** LifetimeAction */
const lifetimeAction = refine(object({ trigger: optional(trigger, {}), action: optional(action, {}) }), (read) =>
  accept({ ...read.action, ...read.trigger }),
);

/**
 * CertificatePolicy as a client sends it. The server sets its `id` and the times in its `attributes`. Clients may send
 * them back, and they are ignored.
 */
export const certificatePolicy: BodyShape<PolicyParameters> = refine(
  object({
    id: optional(string),
    issuer: optional(issuer, {}),
    key_props: optional(key, {}),
    secret_props: optional(object(partial({ contentType: string })), {}),
    x509_props: optional(x509, {}),
    lifetime_actions: optional(array(lifetimeAction)),
    attributes: optional(attributes, {}),
  }),
  (read) => {
    const { enabled } = read.attributes;
    return accept({
      issuer: read.issuer,
      key: read.key_props,
      ...read.secret_props,
      x509: read.x509_props,
      ...(read.lifetime_actions !== undefined && { lifetimeActions: read.lifetime_actions }),
      ...(enabled !== undefined && { enabled }),
    });
  },
);
