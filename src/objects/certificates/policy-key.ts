import { keySizeOf } from '../../crypto/key-material.ts';
import type { KeyCurve, KeySpec } from '../../types/key.ts';
import type { ManagedKey } from './parts.ts';
import type { CertificateKeyType, KeyParameters, PolicyKey } from './policy.ts';
import { isInHsm, keySpec, readKeyType } from '../keys/type.ts';
import { refused } from '../object.ts';
import type { Outcome, VaultScope } from '../object.ts';

const keyTypes: readonly CertificateKeyType[] = ['RSA', 'RSA-HSM', 'EC', 'EC-HSM'];
const curveSizes: Readonly<Record<KeyCurve, number>> = { 'P-256': 256, 'P-384': 384, 'P-521': 521, 'P-256K': 256 };

export const defaultKeyType: CertificateKeyType = 'RSA';

/**
 * The key of a policy: what the client sets, otherwise what the policy before had, otherwise RSA of 2048 bits,
 * exportable.
 */
export function policyKey(
  vault: Pick<VaultScope, 'sku'>,
  parameters: KeyParameters,
  before: PolicyKey | undefined,
): Outcome<PolicyKey> {
  const found = parameters.kty ?? before?.kty ?? defaultKeyType;
  const kty = keyTypes.find((known) => known === found);
  if (kty === undefined) {
    return bad(`key_props.kty is '${found.slice(0, 64)}'; the key of a certificate is ${keyTypes.join(', ')}.`);
  }
  const allowed = readKeyType(kty, vault);
  if (!allowed.ok) return allowed;
  const inHsm = isInHsm(kty);
  const exportable = parameters.exportable ?? (before?.kty === kty ? before.exportable : !inHsm);
  if (inHsm && exportable) return bad(`key_props.exportable is true, but ${kty} keys do not leave the HSM.`);
  const form = formOf(kty, parameters, before);
  if (!form.ok) return form;
  return { ok: true, value: { exportable, kty, ...form.value, reuse: parameters.reuse ?? before?.reuse ?? false } };
}

/** Azure returns the size of an EC key too, so clients send it back; it is the curve's. */
function formOf(
  kty: CertificateKeyType,
  { size, curve }: KeyParameters,
  before: PolicyKey | undefined,
): Outcome<Pick<PolicyKey, 'size' | 'curve'>> {
  // Size and curve are not taken over from a key of another type.
  const kept = before?.kty.startsWith(kty.slice(0, 2)) ? before : undefined;
  const spec = kty.startsWith('EC')
    ? keySpec(kty, { curve: curve ?? kept?.curve })
    : keySpec(kty, { size: size ?? kept?.size, curve });
  if (!spec.ok) return spec;
  if (spec.value.family !== 'EC') return { ok: true, value: { size: spec.value.size } };
  const form = { size: curveSizes[spec.value.curve], curve: spec.value.curve };
  if (size === undefined || size === form.size) return { ok: true, value: form };
  return bad(`key_props.key_size is ${size}; the keys on ${form.curve} have ${form.size} bits.`);
}

/** The spec for the key engine. */
export function keySpecOf({ size, curve }: PolicyKey): KeySpec {
  return curve === undefined ? { family: 'RSA', size } : { family: 'EC', curve };
}

/** Whether a key satisfies the policy. A key that must not leave the vault never becomes exportable. */
export function fitsPolicy({ kty, material, exportable }: ManagedKey, wanted: PolicyKey): boolean {
  const isAlike = material.kty === 'EC' ? material.crv === wanted.curve : keySizeOf(material) === wanted.size;
  return kty === wanted.kty && isAlike && (exportable === true || !wanted.exportable);
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
