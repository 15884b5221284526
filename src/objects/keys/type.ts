import { curveNames } from '../../crypto/keys/curves.ts';
import type { CryptoOperation, KeyFamily, KeySpec } from '../../types/key.ts';
import { refused } from '../object.ts';
import type { Outcome, VaultScope } from '../object.ts';

/** `kty` as Key Vault writes it: `-HSM` marks a key of a premium vault's HSM (about-keys, "Key types"). */
export type KeyType = KeyFamily | `${KeyFamily}-HSM`;

/**
 * A value of `key_ops`. The last two are for keys that others are imported under, and for keys that are released; no
 * operation here does either.
 */
export type KeyPurpose = CryptoOperation | 'import' | 'export';

const types: Readonly<Record<KeyType, { readonly family: KeyFamily; readonly inHsm: boolean }>> = {
  RSA: { family: 'RSA', inHsm: false },
  'RSA-HSM': { family: 'RSA', inHsm: true },
  EC: { family: 'EC', inHsm: false },
  'EC-HSM': { family: 'EC', inHsm: true },
  oct: { family: 'oct', inHsm: false },
  'oct-HSM': { family: 'oct', inHsm: true },
};

const sizes = {
  RSA: { allowed: [2048, 3072, 4096], usual: 2048 },
  oct: { allowed: [128, 192, 256], usual: 256 },
} as const;

/** The uses of a family's keys, in Azure's order; also the default of `key_ops`. */
const purposes: Readonly<Record<KeyFamily, readonly CryptoOperation[]>> = {
  RSA: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  EC: ['sign', 'verify'],
  oct: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
};

export function isInHsm(kty: KeyType): boolean {
  return types[kty].inHsm;
}

/** The key type of that name, if this vault can have such keys. */
export function readKeyType(found: string, vault: Pick<VaultScope, 'sku'>): Outcome<KeyType> {
  if (!isKeyType(found)) return refused({ kind: 'keyTypeNotSupported', kty: found });
  if (types[found].inHsm && vault.sku !== 'premium') return bad('Hardware key operation not allowed on standard vault');
  return { ok: true, value: found };
}

/** The same type in an HSM; an import asks for it beside the key. */
export function hsmKeyType(kty: KeyType): KeyType {
  return `${types[kty].family}-HSM`;
}

/** The spec of a new key; size and curve have defaults. */
export function keySpec(
  kty: KeyType,
  { size, curve }: { readonly size?: number | undefined; readonly curve?: string | undefined },
): Outcome<KeySpec> {
  const { family } = types[kty];
  if (family === 'EC') {
    if (size !== undefined) return bad('key_size is for RSA and oct keys; the size of an EC key is that of its crv.');
    return curveSpec(curve);
  }
  if (curve !== undefined) return bad(`crv is for EC keys; an ${family} key is made by its key_size.`);
  const { allowed, usual } = sizes[family];
  const bits: number = size ?? usual;
  if (allowed.some((one) => one === bits)) return { ok: true, value: { family, size: bits } };
  return bad(`An ${family} key has key_size ${allowed.join(', ')}; ${bits} is not supported.`);
}

function curveSpec(found = ''): Outcome<KeySpec> {
  // An empty curve means none (azure-sdk-for-net, the recording CreateEcWithCurveKey).
  const curve = found === '' ? 'P-256' : curveNames.get(found);
  if (curve !== undefined) return { ok: true, value: { family: 'EC', curve } };
  const allowed = [...curveNames.keys()].join(', ');
  return bad(`The curve '${found.slice(0, 64)}' is not supported; allowed: ${allowed}.`);
}

/** The default of `key_ops`. */
export function defaultPurposes(kty: KeyType): readonly KeyPurpose[] {
  return purposes[types[kty].family];
}

/** `key_ops` of a key: the requested values, if keys of its type can have them, or all. */
export function keyPurposes(kty: KeyType, asked: readonly string[] | undefined): Outcome<readonly KeyPurpose[]> {
  const able = defaultPurposes(kty);
  if (asked === undefined) return { ok: true, value: able };
  const supported: readonly KeyPurpose[] = kty === 'RSA-HSM' ? [...able, 'import'] : able;
  const allowed: readonly KeyPurpose[] = [...supported, 'export'];
  const found: KeyPurpose[] = [];
  const others: string[] = [];
  for (const name of asked) {
    const purpose = allowed.find((one) => one === name);
    if (purpose === undefined) others.push(name);
    // RFC 7517 section 4.3.
    else if (found.includes(purpose)) return bad(`key_ops has '${purpose}' twice.`);
    else found.push(purpose);
  }
  if (others.length > 0) {
    return bad(`Unsupported key operation(s): ${quoted(others)}. Supported values are ${quoted(supported)}.`);
  }
  // "'import' is mutually exclusive with all other key operations" (hsm-protected-keys-byok, "Step 1: Generate a KEK").
  if (!found.includes('import') || found.length === 1) return { ok: true, value: found };
  return bad("key_ops has 'import' beside others; a key under which others are imported is for nothing else.");
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name.slice(0, 64)}"`).join(', ');
}

function isKeyType(value: string): value is KeyType {
  return Object.hasOwn(types, value);
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
