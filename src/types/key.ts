/** `kty` of a JSON Web Key without the mark of where it is kept; Key Vault adds `-HSM` (about-keys, "Key types"). */
export type KeyFamily = 'RSA' | 'EC' | 'oct';

export type KeyCurve = 'P-256' | 'P-384' | 'P-521' | 'P-256K';

/** What a new key is to be: RSA and oct by `size` in bits, EC by curve. */
export type KeySpec =
  | { readonly family: 'RSA'; readonly size: number }
  | { readonly family: 'oct'; readonly size: number }
  | { readonly family: 'EC'; readonly curve: KeyCurve };

/** A private or symmetric key as RFC 7518 section 6 writes it, every member base64url. It is sealed wherever it is stored. */
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

/** What of a key everybody may see; of a symmetric key, nothing. */
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
  /** Of `verify`. */
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

/** Why a key or an operation with one is refused for its input; every one ends as a 400 that says what would be right. */
export type CryptoRefusal =
  /** The algorithm is unknown, or none of this operation for this key; `allowed` are those that are. */
  | { readonly kind: 'algorithmNotSupported'; readonly algorithm: string; readonly allowed: readonly string[] }
  /** `curve` is the key's; the algorithm is for keys on `requires` alone. */
  | CurveRefusal
  /**
   * A digest, iv, tag or text of the wrong length, in bytes. `what` is the member as the wire has it, `expected` a clause:
   * `ES256 requires 32 bytes, encoded with base64url`.
   */
  | { readonly kind: 'wrongLength'; readonly what: string; readonly found: number; readonly expected: string }
  | { readonly kind: 'missing'; readonly what: string }
  /** What was given does not decrypt or unwrap under this key; no more is said, so that nobody can ask his way in. */
  | { readonly kind: 'notDecrypted' }
  | KeyNotValid;

/** A key that is imported is none, or none that is supported; `message` names the member and its rule. */
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
  /** Slow ones (RSA) wait for each other, so that they never hold up anything else; rejected where too many do. */
  generate(spec: KeySpec): Promise<KeyMaterial>;
  /** Why a key that was made elsewhere, and read, is none, as far as that takes long to see; `undefined` when it is one. */
  prove(material: KeyMaterial): Promise<KeyNotValid | undefined>;
  perform(operation: CryptoOperation, material: KeyMaterial, request: CryptoRequest): Promise<CryptoAnswer>;
  close(): Promise<void>;
}
