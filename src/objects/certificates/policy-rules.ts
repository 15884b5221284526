import { canonicalIssuer } from './policy.ts';
import type {
  CertificateContentType,
  CertificatePolicy,
  LifetimeAction,
  LifetimeActionParameters,
  PolicyIssuer,
  PolicyParameters,
  PolicyX509,
} from './policy.ts';
import { policyKey } from './policy-key.ts';
import { defaultActions, lifetimeActions } from './policy-lifetime.ts';
import { importedX509, policyX509, namesFault } from './policy-x509.ts';
import { refused } from '../object.ts';
import type { Outcome, VaultScope } from '../object.ts';

const contentTypes: Readonly<Record<CertificateContentType, true>> = {
  'application/x-pkcs12': true,
  'application/x-pem-file': true,
};

/**
 * The policy from what a client sends, then the policy before, then Azure's defaults. `vault` decides whether keys may
 * be in an HSM; `x509` is read from an imported certificate.
 */
export function policyFrom(
  vault: Pick<VaultScope, 'sku'>,
  parameters: PolicyParameters,
  known: { readonly before?: CertificatePolicy | undefined; readonly x509?: PolicyX509; readonly nowSeconds: number },
): Outcome<CertificatePolicy> {
  const { before, x509: imported, nowSeconds } = known;
  const asked = parameters.x509 ?? {};
  const names = imported === undefined ? namesFault(asked, before?.x509) : undefined;
  if (names !== undefined) return bad(names);
  const issuer = issuerOf(parameters, before);
  if (!issuer.ok) return issuer;
  const key = policyKey(vault, parameters.key ?? {}, before?.key);
  if (!key.ok) return key;
  const contentType = parameters.contentType ?? before?.contentType ?? 'application/x-pkcs12';
  if (!isContentType(contentType)) {
    const allowed = Object.keys(contentTypes).join(' or ');
    return bad(`secret_props.contentType is '${contentType.slice(0, 64)}'; it must be ${allowed}.`);
  }
  const x509 = imported === undefined ? policyX509(asked, before?.x509, key.value) : importedX509(imported);
  if (!x509.ok) return x509;
  const wanted = parameters.lifetimeActions ?? (before?.lifetimeActions ?? defaultActions(issuer.value)).map(asSent);
  const actions = lifetimeActions(wanted, x509.value.validityMonths);
  if (!actions.ok) return actions;
  const value = {
    issuer: issuer.value,
    key: key.value,
    contentType,
    x509: x509.value,
    lifetimeActions: actions.value,
    enabled: parameters.enabled ?? before?.enabled ?? true,
    created: before?.created ?? nowSeconds,
    updated: nowSeconds,
  };
  return { ok: true, value };
}

/** A policy without an issuer leaves it to the user to find one ("Monitor and manage certificate creation"). */
function issuerOf({ issuer = {} }: PolicyParameters, before: CertificatePolicy | undefined): Outcome<PolicyIssuer> {
  const name = canonicalIssuer(issuer.name ?? before?.issuer.name ?? 'Unknown');
  if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) {
    return bad(`issuer.name is '${name.slice(0, 64)}'; an issuer's name has 1 to 127 letters, digits and hyphens.`);
  }
  const { certificateType = before?.issuer.certificateType } = issuer;
  const { certificateTransparency = before?.issuer.certificateTransparency } = issuer;
  const value = {
    name,
    ...(certificateType !== undefined && { certificateType }),
    ...(certificateTransparency !== undefined && { certificateTransparency }),
  };
  return { ok: true, value };
}

function asSent({ action, trigger }: LifetimeAction): LifetimeActionParameters {
  return { action, ...trigger };
}

function isContentType(contentType: string): contentType is CertificateContentType {
  return Object.hasOwn(contentTypes, contentType);
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
