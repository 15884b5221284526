import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { CipherGCMTypes } from 'node:crypto';
import type { CryptoAnswer, CryptoRequest, OctKeyMaterial } from '../../types/key.ts';
import type { Operations } from './algorithm.ts';
import type { KeyInUse } from './key-in-use.ts';
import { missing, notDecrypted, result, wrongLength } from './refused.ts';

const blockLength = 16;
/** NIST SP 800-38D section 5.2.1.1: the recommended length, which Azure uses. */
const gcmIvLength = 12;
const gcmTagLength = 16;

/**
 * NIST SP 800-38D. The vault makes the iv ("For AES-GCM the service must generate the IV", say Key Vault's clients): if
 * the caller chose it, encrypting a ciphertext again would decrypt it, and two plaintexts with one iv would let an
 * attacker forge tags.
 */
export const gcm: Operations<OctKeyMaterial> = {
  encrypt(key, request) {
    const { value, additionalData } = request;
    for (const made of ['iv', 'tag'] as const) {
      const found = request[made];
      if (found !== undefined && found.length > 0) {
        return wrongLength(made, found, `${request.algorithm} takes none to encrypt: the vault makes it`);
      }
    }
    const iv = randomBytes(gcmIvLength);
    const sealed = sealGcm(octets(key), iv, { value, additionalData });
    return { ok: true, ...sealed, iv, ...(additionalData !== undefined && { additionalData }) };
  },
  decrypt(key, request) {
    const { value, iv, tag, additionalData } = request;
    if (iv === undefined) return missing('iv');
    if (tag === undefined) return missing('tag');
    if (iv.length !== gcmIvLength) return wrongLength('iv', iv, requires(request, gcmIvLength));
    if (tag.length !== gcmTagLength) return wrongLength('tag', tag, requires(request, gcmTagLength));
    const decipher = createDecipheriv(gcmName(octets(key)), octets(key), iv, { authTagLength: gcmTagLength });
    decipher.setAuthTag(tag);
    if (additionalData !== undefined) decipher.setAAD(additionalData);
    return decrypted(() => [decipher.update(value), decipher.final()]);
  },
};

/** GCM's authenticated encryption (NIST SP 800-38D section 7.1). A key must never use the same iv twice. */
export function sealGcm(
  key: Uint8Array,
  iv: Uint8Array,
  { value, additionalData }: Pick<CryptoRequest, 'value'> & { readonly additionalData: Uint8Array | undefined },
): { readonly result: Uint8Array; readonly tag: Uint8Array } {
  const cipher = createCipheriv(gcmName(key), key, iv);
  if (additionalData !== undefined) cipher.setAAD(additionalData);
  const ciphertext = Buffer.concat([cipher.update(value), cipher.final()]);
  return { result: ciphertext, tag: cipher.getAuthTag() };
}

/** NIST SP 800-38A section 6.2: whole blocks. */
export const cbc = cbcWith({ padding: false });

/** The same with PKCS #7 padding (RFC 5652 section 6.3). */
export const cbcPadded = cbcWith({ padding: true });

function cbcWith({ padding }: { readonly padding: boolean }): Operations<OctKeyMaterial> {
  return {
    encrypt(key, request) {
      const { iv, value } = request;
      const refused = checkIv(request) ?? (padding ? undefined : checkBlocks(request));
      if (iv === undefined || refused !== undefined) return refused ?? missing('iv');
      const cipher = createCipheriv(cbcName(key), octets(key), iv).setAutoPadding(padding);
      return { ok: true, result: Buffer.concat([cipher.update(value), cipher.final()]), iv };
    },
    decrypt(key, request) {
      const { iv, value } = request;
      const refused = checkIv(request);
      if (iv === undefined || refused !== undefined) return refused ?? missing('iv');
      if (!isBlocks(value)) return notDecrypted;
      const decipher = createDecipheriv(cbcName(key), octets(key), iv).setAutoPadding(padding);
      return decrypted(() => [decipher.update(value), decipher.final()]);
    },
  };
}

/** RFC 3394, with its initial value: at least two blocks of 8 bytes. */
export const keyWrap: Operations<OctKeyMaterial> = {
  wrapKey(key, request) {
    const { value } = request;
    if (!isHalves(value, 2))
      return wrongLength('value', value, `${request.algorithm} requires 16, 24, 32 or more bytes, in steps of 8`);
    return wrap(key, value, keyWrapCipher);
  },
  unwrapKey(key, request) {
    return isHalves(request.value, 3) ? unwrap(key, request.value, keyWrapCipher) : notDecrypted;
  },
};

/** RFC 5649 (NIST SP 800-38F, KWP): any length from 1. */
export const keyWrapPadded: Operations<OctKeyMaterial> = {
  wrapKey(key, request) {
    if (request.value.length === 0)
      return wrongLength('value', request.value, `${request.algorithm} requires at least 1 byte`);
    return wrap(key, request.value, paddedCipher);
  },
  unwrapKey(key, request) {
    return isHalves(request.value, 2) ? unwrap(key, request.value, paddedCipher) : notDecrypted;
  },
};

interface WrapCipher {
  readonly suffix: string;
  readonly initialValue: Uint8Array;
}

const keyWrapCipher: WrapCipher = { suffix: 'wrap', initialValue: Buffer.alloc(8, 0xa6) };
const paddedCipher: WrapCipher = { suffix: 'wrap-pad', initialValue: Buffer.from('a65959a6', 'hex') };

function wrap(key: KeyInUse<OctKeyMaterial>, value: Uint8Array, { suffix, initialValue }: WrapCipher): CryptoAnswer {
  const cipher = createCipheriv(`id-aes${octets(key).length * 8}-${suffix}`, octets(key), initialValue);
  return result(Buffer.concat([cipher.update(value), cipher.final()]));
}

function unwrap(key: KeyInUse<OctKeyMaterial>, value: Uint8Array, { suffix, initialValue }: WrapCipher): CryptoAnswer {
  const decipher = createDecipheriv(`id-aes${octets(key).length * 8}-${suffix}`, octets(key), initialValue);
  return decrypted(() => [decipher.update(value), decipher.final()]);
}

function isHalves({ length }: Uint8Array, least: number): boolean {
  return length % 8 === 0 && length >= 8 * least;
}

function decrypted(decrypt: () => readonly Uint8Array[]): CryptoAnswer {
  try {
    return result(Buffer.concat(decrypt()));
  } catch {
    return notDecrypted;
  }
}

function checkIv(request: CryptoRequest): CryptoAnswer | undefined {
  const { iv } = request;
  if (iv === undefined) return missing('iv');
  return iv.length === blockLength ? undefined : wrongLength('iv', iv, requires(request, blockLength));
}

function checkBlocks({ algorithm, value }: CryptoRequest): CryptoAnswer | undefined {
  if (isBlocks(value)) return undefined;
  return wrongLength('value', value, `${algorithm} requires whole blocks of ${blockLength} bytes`);
}

function isBlocks({ length }: Uint8Array): boolean {
  return length > 0 && length % blockLength === 0;
}

function requires({ algorithm }: CryptoRequest, length: number): string {
  return `${algorithm} requires ${length} bytes, encoded with base64url`;
}

function cbcName(key: KeyInUse<OctKeyMaterial>): string {
  return `aes-${octets(key).length * 8}-cbc`;
}

function gcmName(key: Uint8Array): CipherGCMTypes {
  const bits = key.length * 8;
  if (bits !== 128 && bits !== 192 && bits !== 256) throw new RangeError(`AES has no key of ${bits} bits`);
  return `aes-${bits}-gcm`;
}

function octets({ material }: KeyInUse<OctKeyMaterial>): Uint8Array {
  return Buffer.from(material.k, 'base64url');
}
