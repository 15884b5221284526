/** `kty` of a JSON Web Key without the suffix for where it is kept; Key Vault adds `-HSM` (about-keys, "Key types"). */
export type KeyFamily = 'RSA' | 'EC' | 'oct';

export type KeyCurve = 'P-256' | 'P-384' | 'P-521' | 'P-256K';

/** The kind of a new key: RSA and oct with a `size` in bits, EC with a curve. */
export type KeySpec =
  | { readonly family: 'RSA'; readonly size: number }
  | { readonly family: 'oct'; readonly size: number }
  | { readonly family: 'EC'; readonly curve: KeyCurve };

/**
 * A private or symmetric key in the form of RFC 7518 section 6, every member base64url. It is sealed wherever it is
 * stored.
 */
export type KeyMaterial = RsaKeyMaterial | EcKeyMaterial | OctKeyMaterial;

export interface RsaKeyMaterial {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly d: string;
  readonly p: string;
  readonly q: string;
  readonly dp: string;
  readonly dq: string;
  readonly qi: string;
}

export interface EcKeyMaterial {
  readonly kty: 'EC';
  readonly crv: KeyCurve;
  readonly x: string;
  readonly y: string;
  readonly d: string;
}

export interface OctKeyMaterial {
  readonly kty: 'oct';
  readonly k: string;
}

/** The public part of a key; for a symmetric key only its type. */
export type PublicKey =
  | Pick<RsaKeyMaterial, 'kty' | 'n' | 'e'>
  | Pick<EcKeyMaterial, 'kty' | 'crv' | 'x' | 'y'>
  | Pick<OctKeyMaterial, 'kty'>;

export type CryptoOperation = 'encrypt' | 'decrypt' | 'sign' | 'verify' | 'wrapKey' | 'unwrapKey';

/** The request of a cryptographic operation, decoded: `value` is a plaintext, a ciphertext, a digest or a key. */
export interface CryptoRequest {
  /** As clients spell it: `RSA-OAEP-256`. */
  readonly algorithm: string;
  readonly value: Uint8Array;
  /** Only for `verify`. */
  readonly signature?: Uint8Array;
  readonly iv?: Uint8Array;
  readonly additionalData?: Uint8Array;
  readonly tag?: Uint8Array;
}

export type CryptoAnswer =
  | {
      readonly ok: true;
      readonly result: Uint8Array;
      readonly iv?: Uint8Array;
      readonly tag?: Uint8Array;
      readonly additionalData?: Uint8Array;
    }
  | { readonly ok: true; readonly verified: boolean }
  | { readonly ok: false; readonly refusal: CryptoRefusal };

/** Why the input of an operation, or a key, is refused; each becomes a 400 that says what would be right. */
export type CryptoRefusal =
  /** The algorithm is unknown, or not one of this operation with this key; `allowed` lists those that are. */
  | { readonly kind: 'algorithmNotSupported'; readonly algorithm: string; readonly allowed: readonly string[] }
  /** `curve` is the key's; the algorithm is only for keys on `requires`. */
  | CurveRefusal
  /**
   * A digest, iv, tag or ciphertext of the wrong length, in bytes. `what` is the member's name on the wire, `expected`
   * a clause: `ES256 requires 32 bytes, encoded with base64url`.
   */
  | { readonly kind: 'wrongLength'; readonly what: string; readonly found: number; readonly expected: string }
  | { readonly kind: 'missing'; readonly what: string }
  /** The value does not decrypt or unwrap with this key. Nothing more is said, so that the answer is not an oracle. */
  | { readonly kind: 'notDecrypted' }
  | KeyNotValid;

/** The imported key is invalid or unsupported; `message` names the member and its rule. */
export interface KeyNotValid {
  readonly kind: 'keyNotValid';
  readonly message: string;
}

export interface CurveRefusal {
  readonly kind: 'curveNotSupported';
  readonly algorithm: string;
  readonly curve: KeyCurve;
  readonly requires: KeyCurve;
}

/** Makes and uses key material, off the thread that answers requests. */
export interface KeyEngine {
  /** RSA keys are made one at a time, so that they never delay anything else; rejects if too many are waiting. */
  generate(spec: KeySpec): Promise<KeyMaterial>;
  /** The slow checks of an imported key that was read without a fault; `undefined` when it is valid. */
  prove(material: KeyMaterial): Promise<KeyNotValid | undefined>;
  perform(operation: CryptoOperation, material: KeyMaterial, request: CryptoRequest): Promise<CryptoAnswer>;
  close(): Promise<void>;
}
