import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyVaultKey } from '@azure/keyvault-keys';
import type { Clients } from './vault.ts';

/** The data key of a piece of data, wrapped by a version of the customer's key. It stands beside the data. */
export interface Envelope {
  /** The key's id, with the version that wrapped. */
  readonly keyId: string;
  readonly algorithm: 'RSA-OAEP-256';
  /** Base64. */
  readonly wrappedKey: string;
}

/** A data key in memory, with the envelope that is kept. */
export interface DataKey {
  readonly key: Buffer;
  readonly envelope: Envelope;
}

const algorithm = 'RSA-OAEP-256';

/** The sizes of RSA keys that a service takes, in bits. */
const anySize: readonly number[] = [2048, 3072, 4096];

/**
 * What services have in common that encrypt at rest under a key of the customer's: each piece of data has a data key, and
 * the vault wraps that. The key never leaves the vault, and whoever takes it away takes the data away.
 */
export class CustomerKey {
  readonly #clients: Clients;
  readonly #name: string;
  readonly #sizes: readonly number[];

  constructor(clients: Clients, name: string, sizes = anySize) {
    this.#clients = clients;
    this.#name = name;
    this.#sizes = sizes;
  }

  /** Proves that the key can be used before anything depends on it. @throws {Error} naming what is wrong with the key */
  async enable(): Promise<void> {
    const key = await this.current();
    const { keyType, recoverableDays, properties } = { ...key, recoverableDays: key.properties.recoverableDays };
    const bits = (key.key?.n?.length ?? 0) * 8;
    if (keyType === undefined || !keyType.startsWith('RSA'))
      throw new Error(`${key.id}: ${keyType} is not an RSA key.`);
    if (!this.#sizes.includes(bits)) throw new Error(`${key.id}: ${bits} bits; use one of ${this.#sizes.join(', ')}.`);
    if (properties.recoveryLevel !== 'Recoverable' || recoverableDays === undefined) {
      throw new Error(`${key.id}: ${properties.recoveryLevel}; the vault needs soft delete and purge protection.`);
    }
    const { key: made, envelope } = await this.newDataKey();
    if (!made.equals(await this.open(envelope)))
      throw new Error(`${key.id}: unwrapped something else than was wrapped.`);
  }

  /** The key's latest version. */
  current(): Promise<KeyVaultKey> {
    return this.#clients.keys.getKey(this.#name);
  }

  /** Makes a data key, wrapped by the current version. */
  async newDataKey(): Promise<DataKey> {
    const key = randomBytes(32);
    return { key, envelope: await this.wrap(key) };
  }

  /** RSA-OAEP-256, because the client wraps by RSA-OAEP itself, with the public key, and the vault would not see it. */
  async wrap(key: Buffer): Promise<Envelope> {
    const { id } = await this.current();
    const { result } = await this.#clients.cryptography(id ?? '').wrapKey(algorithm, key);
    return { keyId: id ?? '', algorithm, wrappedKey: Buffer.from(result).toString('base64') };
  }

  /** The data key in an envelope, by the version that wrapped it. */
  async open({ keyId, wrappedKey }: Envelope): Promise<Buffer> {
    const { result } = await this.#clients.cryptography(keyId).unwrapKey(algorithm, Buffer.from(wrappedKey, 'base64'));
    return Buffer.from(result);
  }

  /** Wraps the data key by the current version, if another one did. The data stays as it is. */
  async follow(envelope: Envelope): Promise<Envelope> {
    const { id } = await this.current();
    return id === envelope.keyId ? envelope : this.wrap(await this.open(envelope));
  }
}

/** AES-256-GCM. `place` names what the data is and where it belongs, so that two pieces cannot be swapped. */
export function seal(key: Buffer, data: Buffer, place: string): Buffer {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
  return Buffer.concat([iv, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
}

/** Reverses `seal`. @throws {Error} when the data was changed, or is not of this place */
export function unseal(key: Buffer, sealed: Buffer, place: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(Buffer.from(place));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
}
