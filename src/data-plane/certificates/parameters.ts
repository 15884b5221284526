import type { CertificateParameters } from '../../objects/certificates/certificate.ts';
import type { LifetimeActionParameters, PolicyParameters } from '../../objects/certificates/policy.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { checkParameters } from '../../objects/parameters.ts';
import { objectParameters, readMembers } from '../body.ts';

/** `attributes`, `tags` and the order of certificates, as every operation that makes a version takes them. */
export function certificateParameters(members: {
  readonly attributes?: unknown;
  readonly tags?: unknown;
  readonly preserveCertOrder?: boolean;
}): Outcome<CertificateParameters> {
  const { preserveCertOrder } = members;
  const facts = objectParameters({ attributes: members.attributes, tags: members.tags });
  if (!facts.ok) return facts;
  const refusal = checkParameters(facts.value);
  if (refusal !== undefined) return refused(refusal);
  return { ok: true, value: { ...facts.value, ...(preserveCertOrder !== undefined && { preserveCertOrder }) } };
}

/** `includePending` of a list: whether it has also what is not issued yet. */
export function includePending(found = 'false'): Outcome<boolean> {
  if (/^(?:true|false)$/i.test(found)) return { ok: true, value: found.toLowerCase() === 'true' };
  const message = `includePending is '${found.slice(0, 64)}'; it must be true or false.`;
  return refused({ kind: 'badParameter', message });
}

/** Bytes as base64 (RFC 4648 section 4), also with line breaks; `undefined` for what is not. */
export function base64(text: string): Uint8Array | undefined {
  const packed = text.replaceAll(/[\r\n]/g, '');
  return packed !== '' && /^[A-Za-z0-9+/]+={0,2}$/.test(packed) ? Buffer.from(packed, 'base64') : undefined;
}

const shapes = {
  policy: {
    id: 'text',
    issuer: 'anything',
    key_props: 'anything',
    secret_props: 'anything',
    x509_props: 'anything',
    lifetime_actions: 'anything',
    attributes: 'anything',
  },
  issuer: { name: 'text', cty: 'text', cert_transparency: 'flag' },
  key: { exportable: 'flag', kty: 'text', key_size: 'number', reuse_key: 'flag', crv: 'text' },
  secret: { contentType: 'text' },
  x509: {
    subject: 'text',
    sans: 'anything',
    ekus: 'texts',
    key_usage: 'texts',
    validity_months: 'number',
    basic_constraints: 'anything',
  },
  sans: { emails: 'texts', dns_names: 'texts', upns: 'texts', uris: 'texts', ipAddresses: 'texts' },
  constraints: { ca: 'flag', path_len_constraint: 'number' },
  action: { trigger: 'anything', action: 'anything' },
  trigger: { lifetime_percentage: 'number', days_before_expiry: 'number' },
  actionType: { action_type: 'text' },
} as const;

/**
 * CertificatePolicy as a client sends it; `at` is where it is, for the messages. Its `id` and the times among
 * its `attributes` are the server's: clients send them back, and they are ignored.
 */
export function policyParameters(body: unknown, at: string): Outcome<PolicyParameters> {
  const policy = readMembers(body, at, shapes.policy);
  if (!policy.ok) return policy;
  const { issuer: sentIssuer = {}, key_props = {}, secret_props = {}, x509_props = {} } = policy.value;
  const facts = objectParameters({ attributes: policy.value.attributes });
  if (!facts.ok) return facts;
  const issuer = readMembers(sentIssuer, `${at}issuer.`, shapes.issuer);
  if (!issuer.ok) return issuer;
  const key = readMembers(key_props, `${at}key_props.`, shapes.key);
  if (!key.ok) return key;
  const secret = readMembers(secret_props, `${at}secret_props.`, shapes.secret);
  if (!secret.ok) return secret;
  const x509 = x509Parameters(x509_props, `${at}x509_props.`);
  if (!x509.ok) return x509;
  const actions = actionParameters(policy.value.lifetime_actions, `${at}lifetime_actions`);
  if (!actions.ok) return actions;
  const { name, cty, cert_transparency } = issuer.value;
  const { enabled } = facts.value;
  const { exportable, kty, key_size, reuse_key, crv } = key.value;
  const value = {
    issuer: {
      ...(name !== undefined && { name }),
      ...(cty !== undefined && { certificateType: cty }),
      ...(cert_transparency !== undefined && { certificateTransparency: cert_transparency }),
    },
    key: {
      ...(exportable !== undefined && { exportable }),
      ...(kty !== undefined && { kty }),
      ...(key_size !== undefined && { size: key_size }),
      ...(reuse_key !== undefined && { reuse: reuse_key }),
      ...(crv !== undefined && { curve: crv }),
    },
    ...secret.value,
    x509: x509.value,
    ...(actions.value !== undefined && { lifetimeActions: actions.value }),
    ...(enabled !== undefined && { enabled }),
  };
  return { ok: true, value };
}

function x509Parameters(sent: unknown, at: string): Outcome<NonNullable<PolicyParameters['x509']>> {
  const x509 = readMembers(sent, at, shapes.x509);
  if (!x509.ok) return x509;
  const { subject, ekus, key_usage, validity_months, basic_constraints } = x509.value;
  const constraints = readMembers(basic_constraints ?? {}, `${at}basic_constraints.`, shapes.constraints);
  if (!constraints.ok) return constraints;
  const { ca = false, path_len_constraint: pathLength } = constraints.value;
  const sans = readMembers(x509.value.sans ?? {}, `${at}sans.`, shapes.sans);
  if (!sans.ok) return sans;
  const { dns_names: dnsNames, ...others } = sans.value;
  const value = {
    ...(subject !== undefined && { subject }),
    ...(x509.value.sans !== undefined && { sans: { ...others, ...(dnsNames !== undefined && { dnsNames }) } }),
    ...(ekus !== undefined && { ekus }),
    ...(key_usage !== undefined && { keyUsage: key_usage }),
    ...(validity_months !== undefined && { validityMonths: validity_months }),
    ...(basic_constraints !== undefined && {
      basicConstraints: { ca, ...(pathLength !== undefined && { pathLength }) },
    }),
  };
  return { ok: true, value };
}

function actionParameters(sent: unknown, at: string): Outcome<readonly LifetimeActionParameters[] | undefined> {
  if (sent === undefined) return { ok: true, value: undefined };
  if (!Array.isArray(sent)) return bad(`${at} must be an array.`);
  const value: LifetimeActionParameters[] = [];
  for (const item of sent) {
    const members = readMembers(item, `${at}[].`, shapes.action);
    if (!members.ok) return members;
    const trigger = readMembers(members.value.trigger ?? {}, `${at}[].trigger.`, shapes.trigger);
    if (!trigger.ok) return trigger;
    const action = readMembers(members.value.action ?? {}, `${at}[].action.`, shapes.actionType);
    if (!action.ok) return action;
    const { lifetime_percentage, days_before_expiry } = trigger.value;
    value.push({
      ...(action.value.action_type !== undefined && { action: action.value.action_type }),
      ...(lifetime_percentage !== undefined && { lifetimePercentage: lifetime_percentage }),
      ...(days_before_expiry !== undefined && { daysBeforeExpiry: days_before_expiry }),
    });
  }
  return { ok: true, value };
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
