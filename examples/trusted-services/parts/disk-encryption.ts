import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseKeyVaultKeyIdentifier } from '@azure/keyvault-keys';
import { parseKeyVaultSecretIdentifier } from '@azure/keyvault-secrets';
import { temporaryFolder } from './folder.ts';
import type { Volume } from './luks.ts';
import type { Clients } from './vault.ts';

/** The platform's record of an encrypted disk: where its passphrase is, and the key that wraps the passphrase. */
export interface DiskEncryptionSettings {
  /** With its version. */
  readonly secretUrl: string;
  /** With its version. Left out where the secret holds the passphrase unwrapped. */
  readonly keyUrl?: string;
}

/** The disk whose passphrase goes into the vault. */
export interface EncryptedDisk {
  /** The name of the secret: a GUID. */
  readonly name: string;
  readonly machine: string;
  readonly passphrase: string;
}

const algorithm = 'RSA-OAEP';

/** A Linux machine's boot looks for this name in the tags; a Windows machine's for `GUID.BEK`. */
export const passphraseFile = 'LinuxPassPhraseFileName';

/** As long as the extension of Azure Disk Encryption makes it. */
export function newPassphrase(): string {
  return randomBytes(127).toString('base64');
}

/** Azure Disk Encryption's side of the vault: at the encryption of a disk, and at each boot. */
export class DiskEncryption {
  readonly #vault: Clients;

  constructor(vault: Clients) {
    this.#vault = vault;
  }

  /** Puts a disk's passphrase into the vault, wrapped by a key encryption key if there is one. */
  async keep({ name, machine, passphrase }: EncryptedDisk, keyUrl?: string): Promise<DiskEncryptionSettings> {
    const clear = Buffer.from(passphrase).toString('base64');
    const value = keyUrl === undefined ? clear : await this.#wrap(clear, keyUrl);
    const { properties } = await this.#vault.secrets.setSecret(name, value, {
      contentType: keyUrl === undefined ? 'BEK' : 'Wrapped BEK',
      tags: { ...tagsOf(passphraseFile, keyUrl), MachineName: machine },
    });
    return { secretUrl: properties.id ?? '', ...(keyUrl === undefined ? {} : { keyUrl }) };
  }

  /** Gets the disk's passphrase, as a machine's boot does. */
  async passphrase({ secretUrl, keyUrl }: DiskEncryptionSettings): Promise<string> {
    const { name, version = '' } = parseKeyVaultSecretIdentifier(secretUrl);
    const { value = '' } = await this.#vault.secrets.getSecret(name, { version });
    if (keyUrl === undefined) return Buffer.from(value, 'base64').toString();
    const { result } = await this.#vault.cryptography(keyUrl).unwrapKey(algorithm, Buffer.from(value, 'base64url'));
    return Buffer.from(result).toString();
  }

  /**
   * By hand, as the extension does: it sends base64 with its padding, where the official clients send base64url, and these
   * would wrap by RSA-OAEP themselves.
   */
  async #wrap(value: string, keyUrl: string): Promise<string> {
    await this.#check(keyUrl);
    const wrapped = await this.#vault.post(`${keyUrl}/wrapkey?api-version=2015-06-01`, { alg: algorithm, value });
    return (wrapped as { readonly value: string }).value;
  }

  /** The two rules for a key encryption key ("Creating and configuring a key vault for Azure Disk Encryption"). */
  async #check(keyUrl: string): Promise<void> {
    const { name, version } = parseKeyVaultKeyIdentifier(keyUrl);
    if (version === undefined) throw new Error(`${keyUrl} has no version; name one.`);
    const { keyType } = await this.#vault.keys.getKey(name, { version });
    if (keyType !== 'RSA') throw new Error(`${keyUrl} is a key of type ${keyType}; use an RSA key.`);
  }
}

/** A disk of a machine, and the platform's record of it. */
export interface Disk {
  readonly volume: Volume;
  readonly settings: DiskEncryptionSettings;
}

/** Boots a machine from the disk, and reads one of its files. */
export async function boot(compute: DiskEncryption, { volume, settings }: Disk, file: string): Promise<string> {
  const passphrase = await compute.passphrase(settings);
  using folder = temporaryFolder();
  volume.extract(passphrase, folder.path);
  return readFileSync(join(folder.path, file), 'utf8');
}

/** The tags of the secret, by which the platform finds out how to use it. */
export function tagsOf(file: string, keyUrl?: string): Readonly<Record<string, string>> {
  return {
    DiskEncryptionKeyFileName: file,
    ...(keyUrl === undefined
      ? {}
      : { DiskEncryptionKeyEncryptionAlgorithm: algorithm, DiskEncryptionKeyEncryptionKeyURL: keyUrl }),
  };
}
