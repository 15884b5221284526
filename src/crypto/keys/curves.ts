import type { KeyCurve } from '../../types/key.ts';

export interface Curve {
  /** OpenSSL's name. */
  readonly group: string;
  /** `crv` in RFC 7518 and RFC 8812; only Key Vault calls the last one P-256K. */
  readonly crv: string;
  readonly bits: number;
  /** The length of a coordinate, and of half a signature. */
  readonly octets: number;
  /** The digest of its one signature algorithm (RFC 7518 section 3.4). */
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  /** The prime of the field. */
  readonly prime: bigint;
  /** The order of the base point; the cofactor is 1 for all curves here. */
  readonly order: bigint;
}

/** `crv` as clients spell it; P-256K also as az and as RFC 8812 spell it. */
export const curveNames: ReadonlyMap<string, KeyCurve> = new Map([
  ['P-256', 'P-256'],
  ['P-384', 'P-384'],
  ['P-521', 'P-521'],
  ['P-256K', 'P-256K'],
  ['SECP256K1', 'P-256K'],
  ['secp256k1', 'P-256K'],
]);

/** NIST SP 800-186 section 3.2.1, and SEC 2 section 2.4.1. */
export const curves: Readonly<Record<KeyCurve, Curve>> = {
  'P-256': {
    group: 'prime256v1',
    crv: 'P-256',
    bits: 256,
    octets: 32,
    hash: 'sha256',
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    order: 0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n,
  },
  'P-384': {
    group: 'secp384r1',
    crv: 'P-384',
    bits: 384,
    octets: 48,
    hash: 'sha384',
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    order:
      0xffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_c7634d81_f4372ddf_581a0db2_48b0a77a_ecec196a_ccc52973n,
  },
  'P-521': {
    group: 'secp521r1',
    crv: 'P-521',
    bits: 521,
    octets: 66,
    hash: 'sha512',
    prime: 2n ** 521n - 1n,
    // All ones above its last 264 bits.
    order: 2n ** 521n - 2n ** 264n + 0xfa_51868783_bf2f966b_7fcc0148_f709a5d0_3bb5c9b8_899c47ae_bb6fb71e_91386409n,
  },
  'P-256K': {
    group: 'secp256k1',
    crv: 'secp256k1',
    bits: 256,
    octets: 32,
    hash: 'sha256',
    prime: 2n ** 256n - 2n ** 32n - 977n,
    order: 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n,
  },
};
