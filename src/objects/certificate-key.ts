import type { KeyCurve, KeySpec } from '../types/key.ts';
import type { CertificateKeyType, KeyParameters, PolicyKey } from './certificate-policy.ts';
import { refused } from './object.ts';
import type { Outcome, VaultScope } from './object.ts';

const keyTypes: Readonly<Record<CertificateKeyType, { readonly family: 'RSA' | 'EC'; readonly hsm: boolean }>> = {
  RSA: { family: 'RSA', hsm: false },
  'RSA-HSM': { family: 'RSA', hsm: true },
  EC: { family: 'EC', hsm: false },
  'EC-HSM': { family: 'EC', hsm: true },
};

const rsaSizes = [2048, 3072, 4096];
const curveSizes: Readonly<Record<KeyCurve, number>> = { 'P-256': 256, 'P-384': 384, 'P-521': 521, 'P-256K': 256 };

/** The key that a policy asks for: what a client says of it, or else what was there before, or else RSA of 2048 bits, exportable. */
export function policyKey(
  vault: Pick<VaultScope, 'sku'>,
  parameters: KeyParameters,
  before: PolicyKey | undefined,
): Outcome<PolicyKey> {
  const kty = parameters.kty ?? before?.kty ?? 'RSA';
  if (!isKeyType(kty)) return bad(`key_props.kty is '${kty.slice(0, 64)}'; a certificate's key is ${orOf(keyTypes)}.`);
  const { family, hsm } = keyTypes[kty];
  if (hsm && vault.sku !== 'premium') return bad(`key_props.kty is ${kty}, which only premium vaults have.`);
  const exportable = parameters.exportable ?? (before?.kty === kty ? before.exportable : !hsm);
  if (hsm && exportable) return bad(`key_props.exportable is true, but ${kty} keys do not leave the HSM.`);
  // A key of another family has nothing of the one before.
  const kept = before !== undefined && keyTypes[before.kty].family === family ? before : undefined;
  const form = family === 'RSA' ? rsaForm(parameters, kept) : ecForm(parameters, kept);
  if (!form.ok) return form;
  return { ok: true, value: { exportable, kty, ...form.value, reuse: parameters.reuse ?? before?.reuse ?? false } };
}

type Form = Pick<PolicyKey, 'size' | 'curve'>;

function rsaForm({ size: asked, curve }: KeyParameters, before: PolicyKey | undefined): Outcome<Form> {
  if (curve !== undefined) return bad(`key_props.crv is '${curve.slice(0, 64)}', but an RSA key has no curve.`);
  const size = asked ?? before?.size ?? 2048;
  if (rsaSizes.includes(size)) return { ok: true, value: { size } };
  return bad(`key_props.key_size is ${size}; an RSA key has ${rsaSizes.join(', ')} bits.`);
}

function ecForm({ size, curve: asked }: KeyParameters, before: PolicyKey | undefined): Outcome<Form> {
  const curve = spelt(asked) ?? before?.curve ?? 'P-256';
  if (!isCurve(curve)) return bad(`key_props.crv is '${curve.slice(0, 64)}'; an EC key is on ${orOf(curveSizes)}.`);
  if (size !== undefined && size !== curveSizes[curve]) {
    return bad(`key_props.key_size is ${size}; the keys on ${curve} have ${curveSizes[curve]} bits.`);
  }
  return { ok: true, value: { size: curveSizes[curve], curve } };
}

export function keySpecOf({ kty, size, curve = 'P-256' }: PolicyKey): KeySpec {
  return keyTypes[kty].family === 'RSA' ? { family: 'RSA', size } : { family: 'EC', curve };
}

/** az spells the curve of RFC 8812 as SEC 2 does. */
function spelt(curve: string | undefined): string | undefined {
  return curve === 'SECP256K1' ? 'P-256K' : curve;
}

function isKeyType(kty: string): kty is CertificateKeyType {
  return Object.hasOwn(keyTypes, kty);
}

function isCurve(curve: string): curve is KeyCurve {
  return Object.hasOwn(curveSizes, curve);
}

function orOf(table: object): string {
  return Object.keys(table).join(', ');
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
