/**
 * Azure Backup: "Allow backup and restore of relevant keys and secrets during Azure Virtual Machines backup, by using Azure
 * Backup."
 *
 * An encrypted disk is of no use without its passphrase, so the backup of a machine takes what Azure Disk Encryption keeps in
 * the vault along: the key encryption key as the vault's own backup, which only a vault can read, and the secrets. Here the
 * disks are LUKS volumes in files, the storage account is Azurite, and the vault is lost for ever: deleted and purged. The
 * customer then restores into another vault, from the JSON that the restore job leaves, as the document says.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobServiceClient } from '@azure/storage-blob';
import { startAzurite } from './parts/azurite.ts';
import { application } from './parts/callers.ts';
import type { Party } from './parts/callers.ts';
import { DiskEncryption, boot, newPassphrase, passphraseFile, tagsOf } from './parts/disk-encryption.ts';
import type { Disk, DiskEncryptionSettings } from './parts/disk-encryption.ts';
import { temporaryFolder } from './parts/folder.ts';
import { person } from './parts/impostors.ts';
import { Volume, luksPrograms } from './parts/luks.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import { Vault } from './parts/vault.ts';
import type { Clients } from './parts/vault.ts';

const keyName = 'disk-kek';
const machine = 'ledger-vm';
const ledgerFile = 'ledger.txt';
const ledger = 'January: 1,204 crowns received.\n';
/** The permissions that the document has the customer grant. */
const documented = { keys: ['backup', 'get', 'list'], secrets: ['backup', 'get', 'list'] };
const grant = { ...documented, secrets: [...documented.secrets, 'set'] };

async function work(stage: Stage): Promise<void> {
  const { postern, vault, owner, service, party, say } = stage;
  using folder = temporaryFolder();
  await using azurite = await startAzurite(folder.path);
  const compute = await application('Azure Disk Encryption volume encryption service').enter(postern);
  const lost = new Vault(postern.connection, `${vault.name}-old`, {
    enabledForDiskEncryption: true,
    purgeProtection: false,
  });
  await lost.create();
  const disks = await encrypted(lost, compute, folder.path);
  say(`${machine} has two encrypted disks. The vault ${lost.name} has what opens them.`);

  await lost.grant(party, documented);
  const backup = new Backup(lost.as(party), azurite.blobs);
  await backup.take(disks);
  const taken = await backup.everything();
  const passphrases = [disks.passphrase, Buffer.from(disks.passphrase).toString('base64')];
  for (const clear of [ledger, ...passphrases]) assert.equal(taken.includes(clear), false);
  say(
    "The backup has both disks, the key's own backup, and the secrets. Neither the ledger nor the first passphrase is in clear.",
  );

  const before = new DiskEncryption(lost.as(compute));
  assert.equal(await boot(before, disks.os, ledgerFile), ledger);
  await lost.remove();
  await lost.purge();
  await assert.rejects(boot(before, disks.os, ledgerFile), { statusCode: 404 });
  say('The vault was deleted and purged. The machine does not boot any more.');

  const job = await backup.restoreJob(folder.path);
  await vault.set({ enabledForDiskEncryption: true });
  const after = new DiskEncryption(vault.as(compute));
  const os = { ...job.os, settings: await restored(owner, job.details.OsDiskKeyAndSecretDetails) };
  assert.equal(await boot(after, os, ledgerFile), ledger);
  say(
    `The customer restored the key and the secret into ${vault.name}, with the key's new URL in the tags: the first disk opens.`,
  );

  await vault.grant(party, { ...grant, secrets: [...grant.secrets, 'restore'] });
  const { KeyVaultSecretBackupData, SecretUrl } = job.details.DataDiskKeyAndSecretDetails;
  const { id = '' } = await service.secrets.restoreSecretBackup(Buffer.from(KeyVaultSecretBackupData, 'base64'));
  assert.equal(new URL(id).pathname, new URL(SecretUrl).pathname);
  assert.equal(await boot(after, { ...job.data, settings: { secretUrl: id } }, ledgerFile), ledger);
  say('The service restored the other secret itself: same name, same version. The second disk opens.');
  await vault.grant(party, grant);
  await vault.set({ enabledForDiskEncryption: false });
}

/** A machine's disks: one has a key encryption key, the other only a secret. */
interface Disks {
  readonly os: Disk;
  readonly data: Disk;
  /** The first disk's. */
  readonly passphrase: string;
}

async function encrypted(vault: Vault, party: Party, folder: string): Promise<Disks> {
  const { id = '' } = await vault.owner().keys.createRsaKey(keyName, { keySize: 2048 });
  const compute = new DiskEncryption(vault.as(party));
  const from = join(folder, 'files');
  mkdirSync(from);
  writeFileSync(join(from, ledgerFile), ledger);
  const [passphrase, other] = [newPassphrase(), newPassphrase()];
  const os = await compute.keep({ name: randomUUID(), machine, passphrase }, id);
  const data = await compute.keep({ name: randomUUID(), machine, passphrase: other });
  return {
    os: { volume: Volume.create(join(folder, 'os'), { passphrase, from }), settings: os },
    data: { volume: Volume.create(join(folder, 'data'), { passphrase: other, from }), settings: data },
    passphrase,
  };
}

/** The names that the restore job's JSON has. The document shows them for the first disk only. */
interface KeyAndSecretDetails {
  readonly KeyUrl?: string;
  /** The vault's backup, base64. */
  readonly KeyBackupData?: string;
  readonly SecretUrl: string;
  readonly SecretData: string;
  /** The vault's backup, base64. */
  readonly KeyVaultSecretBackupData: string;
}

interface RestoreDetails {
  readonly OsDiskKeyAndSecretDetails: KeyAndSecretDetails;
  readonly DataDiskKeyAndSecretDetails: KeyAndSecretDetails;
}

const config = 'vmencryption_config.json';

/** A recovery point of one machine, in the customer's storage account. */
class Backup {
  readonly #vault: Clients;
  readonly #container: ReturnType<BlobServiceClient['getContainerClient']>;

  constructor(vault: Clients, blobs: BlobServiceClient) {
    this.#vault = vault;
    this.#container = blobs.getContainerClient('vm-backups');
  }

  /** The disks go into it as they are: encrypted. */
  async take({ os, data }: Disks): Promise<void> {
    const details: RestoreDetails = {
      OsDiskKeyAndSecretDetails: await this.#details(os.settings),
      DataDiskKeyAndSecretDetails: await this.#details(data.settings),
    };
    await this.#container.create();
    await this.#blob('os').uploadFile(os.volume.path);
    await this.#blob('data').uploadFile(data.volume.path);
    const json = JSON.stringify(details);
    await this.#blob(config).upload(json, json.length);
  }

  /** All bytes of the recovery point. */
  async everything(): Promise<Buffer> {
    return Buffer.concat(await Promise.all(['os', 'data', config].map((name) => this.#blob(name).downloadToBuffer())));
  }

  /** Puts the disks where a new machine has them, with the JSON for the customer. */
  async restoreJob(folder: string) {
    const restore = async (name: string) => {
      const path = join(folder, `${name}-restored`);
      await this.#blob(name).downloadToFile(path);
      return { volume: new Volume(path) };
    };
    const details: RestoreDetails = JSON.parse((await this.#blob(config).downloadToBuffer()).toString());
    return { details, os: await restore('os'), data: await restore('data') };
  }

  async #details({ secretUrl, keyUrl }: DiskEncryptionSettings): Promise<KeyAndSecretDetails> {
    const [secretName, version] = nameAndVersion(secretUrl);
    await listed(this.#vault.secrets.listPropertiesOfSecrets(), secretName);
    const { value = '' } = await this.#vault.secrets.getSecret(secretName, { version });
    const secret = {
      SecretUrl: secretUrl,
      SecretData: value,
      KeyVaultSecretBackupData: inBase64(await this.#vault.secrets.backupSecret(secretName)),
    };
    if (keyUrl === undefined) return secret;
    const [name] = nameAndVersion(keyUrl);
    await listed(this.#vault.keys.listPropertiesOfKeys(), name);
    return { ...secret, KeyUrl: keyUrl, KeyBackupData: inBase64(await this.#vault.keys.backupKey(name)) };
  }

  #blob(name: string) {
    return this.#container.getBlockBlobClient(name);
  }
}

/** Restores the key from its backup, and sets the secret again, because its tags name the key: the customer's part. */
async function restored(owner: Clients, details: KeyAndSecretDetails): Promise<DiskEncryptionSettings> {
  const { KeyBackupData = '', SecretData, SecretUrl } = details;
  const { id: keyUrl = '' } = await owner.keys.restoreKeyBackup(Buffer.from(KeyBackupData, 'base64'));
  const [name] = nameAndVersion(SecretUrl);
  const { properties } = await owner.secrets.setSecret(name, SecretData, {
    contentType: 'Wrapped BEK',
    tags: { ...tagsOf(passphraseFile, keyUrl), MachineName: machine },
  });
  return { secretUrl: properties.id ?? '', keyUrl };
}

function nameAndVersion(url: string): readonly [name: string, version: string] {
  const [, , name = '', version = ''] = new URL(url).pathname.split('/');
  return [name, version];
}

async function listed(objects: AsyncIterable<{ readonly name: string }>, wanted: string): Promise<void> {
  for await (const { name } of objects) if (name === wanted) return;
  throw new Error(`The vault has no ${wanted}.`);
}

function inBase64(backup: Uint8Array | undefined): string {
  return Buffer.from(backup ?? []).toString('base64');
}

await play({
  service: 'Azure Backup',
  programs: luksPrograms,
  caller: application('Azure Backup'),
  grant,
  work,
  call: ({ keys }) => keys.backupKey(keyName),
  outside: { title: 'sets a secret', call: ({ secrets }) => secrets.setSecret('note', 'from the backup') },
  forged: { caller: person() },
});
