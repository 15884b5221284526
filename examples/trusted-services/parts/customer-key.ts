import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { CryptographyClient, KeyVaultKey } from '@azure/keyvault-keys';
import type { Call } from './cells.ts';
import type { Clients } from './vault.ts';

/** The data key of a piece of data, wrapped by a version of the customer's key. It is kept beside the data. */
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

/** A service's demands on a key. */
export interface KeyDemands {
  /** The sizes of RSA keys that it takes, in bits. */
  readonly sizes?: readonly number[];
  /** Whether the key must be safe from being purged. */
  readonly purgeProtection?: boolean;
  /** Whether data keys are wrapped and unwrapped, or encrypted and decrypted as other data is. */
  readonly by?: keyof typeof operations;
}

/** How a data key goes into its envelope and out of it, in the vault. */
const operations = {
  wrapping: {
    close: async (vault: CryptographyClient, key: Buffer) => (await vault.wrapKey(algorithm, key)).result,
    open: async (vault: CryptographyClient, wrapped: Buffer) => (await vault.unwrapKey(algorithm, wrapped)).result,
  },
  encryption: {
    close: async (vault: CryptographyClient, plaintext: Buffer) =>
      (await vault.encrypt({ algorithm, plaintext })).result,
    open: async (vault: CryptographyClient, ciphertext: Buffer) =>
      (await vault.decrypt({ algorithm, ciphertext })).result,
  },
} as const;

/**
 * The common part of the services that encrypt at rest under a key of the customer's: each piece of data has a data key, and
 * the vault wraps that. The key never leaves the vault, and a customer who takes it away takes the data away.
 */
export class CustomerKey {
  readonly #clients: Clients;
  readonly #name: string;
  readonly #demands: Required<KeyDemands>;

  constructor(clients: Clients, name: string, demands: KeyDemands = {}) {
    this.#clients = clients;
    this.#name = name;
    this.#demands = { sizes: [2048, 3072, 4096], purgeProtection: true, by: 'wrapping', ...demands };
  }

  /** Proves that the key can be used before anything depends on it. @throws {Error} naming what is wrong with the key */
  async enable(): Promise<void> {
    const key = await this.current();
    const fault = faultOf(key, this.#demands);
    if (fault !== undefined) throw new Error(`${key.id}: ${fault}`);
    const { key: made, envelope } = await this.newDataKey();
    if (!made.equals(await this.open(envelope)))
      throw new Error(`${key.id}: the vault unwrapped something other than what it wrapped.`);
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
    const wrapped = await operations[this.#demands.by].close(this.#clients.cryptography(id ?? ''), key);
    return { keyId: id ?? '', algorithm, wrappedKey: Buffer.from(wrapped).toString('base64') };
  }

  /** The data key in an envelope, by the version that wrapped it. */
  async open({ keyId, wrappedKey }: Envelope): Promise<Buffer> {
    const wrapped = Buffer.from(wrappedKey, 'base64');
    return Buffer.from(await operations[this.#demands.by].open(this.#clients.cryptography(keyId), wrapped));
  }

  /** Wraps the data key by the current version, if another one did. The data stays as it is. */
  async follow(envelope: Envelope): Promise<Envelope> {
    const { id } = await this.current();
    return id === envelope.keyId ? envelope : this.wrap(await this.open(envelope));
  }
}

/** The first fault of a key, with the way out. */
function faultOf(
  { keyType = 'no type', key, properties }: KeyVaultKey,
  { sizes, purgeProtection }: Required<KeyDemands>,
): string | undefined {
  const bits = (key?.n?.length ?? 0) * 8;
  const { enabled, notBefore, expiresOn, recoveryLevel = 'no soft delete' } = properties;
  const now = new Date();
  const faults: readonly (readonly [found: boolean, fault: string])[] = [
    [!keyType.startsWith('RSA'), `its type is ${keyType}; use an RSA key.`],
    [!sizes.includes(bits), `it has ${bits} bits; use ${sizes.join(' or ')}.`],
    [enabled === false, 'it is disabled; enable it.'],
    [
      notBefore !== undefined && notBefore > now,
      `it is not valid before ${notBefore?.toISOString()}; wait, or change that.`,
    ],
    [expiresOn !== undefined && expiresOn <= now, `it expired on ${expiresOn?.toISOString()}; change that.`],
    [
      purgeProtection && !/^(?:Customized)?Recoverable$/.test(recoveryLevel),
      `its vault is ${recoveryLevel}; switch purge protection on.`,
    ],
  ];
  return faults.find(([found]) => found)?.[1];
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

/** Decrypts with a key what any client can encrypt by its public half: for services that wrap, outside their scenario. */
export function decryptWith(name: string): Call {
  return async ({ keys, cryptography }) => {
    const { id = '' } = await keys.getKey(name);
    const { result } = await cryptography(id).encrypt({ algorithm: 'RSA-OAEP', plaintext: Buffer.from('anything') });
    await cryptography(id).decrypt({ algorithm: 'RSA-OAEP', ciphertext: result });
  };
}
