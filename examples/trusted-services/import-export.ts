/**
 * Azure Import/Export: "Use customer-managed keys in Azure Key Vault for Import/Export service"
 *
 * A customer ships drives, each locked under a BitLocker key, and a job that names them; the service unlocks the drives in its
 * data centre and copies them to a storage account. The job keeps the BitLocker keys only as the customer's key in the vault
 * wrapped them. Here the drives are LUKS volumes in files, whose passphrases are BitLocker recovery passwords, because Linux can read
 * BitLocker's drives and not make them; the storage account is Azurite; and this program is the job.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerClient } from '@azure/storage-blob';
import { startAzurite } from './parts/azurite.ts';
import { systemAssigned } from './parts/callers.ts';
import { answerTo } from './parts/cells.ts';
import { CustomerKey, seal, unseal } from './parts/customer-key.ts';
import type { Envelope } from './parts/customer-key.ts';
import { temporaryFolder } from './parts/folder.ts';
import { lookAlike } from './parts/impostors.ts';
import { luksPrograms, Volume } from './parts/luks.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import { revocations } from './parts/revocations.ts';

const keyName = 'import-key';

async function work(stage: Stage): Promise<void> {
  const { owner, say } = stage;
  using folder = temporaryFolder();
  const drives = [packDrive(folder.path, 'WD-1001'), packDrive(folder.path, 'WD-1002')];
  const shipped = drives.map(({ volume }) => readFileSync(volume.path));
  const job = new Job(join(folder.path, 'job.json'), drives);
  say(
    `The customer packed ${drives.length} drives, and made a job that names them. The service's own key seals their BitLocker keys.`,
  );

  await job.encryptWith(new CustomerKey(stage.service, keyName));
  const stored = job.stored();
  for (const { bitLockerKey } of drives) assert.equal(stored.includes(bitLockerKey), false);
  assert.throws(() => job.encryptWithServiceKey(), /cannot be disabled/);
  assert.deepEqual(await job.listBitLockerKeys(), new Map(drives.map(({ id, bitLockerKey }) => [id, bitLockerKey])));
  say(
    "The job changed to the customer's key: it has no BitLocker key, lists them by the vault, and cannot change back.",
  );

  await using azurite = await startAzurite(folder.path);
  const container = azurite.blobs.getContainerClient('imported');
  await container.create();
  await importDrives(job, { drives, container, folder: folder.path });
  say('The drives arrived: each was unlocked with its own key, and its files were copied to the storage account.');

  await owner.keys.rotateKey(keyName);
  await job.followKey();
  assert.notEqual(job.stored(), stored);
  assert.equal((await job.listBitLockerKeys()).get('WD-1001'), drives[0]?.bitLockerKey);
  say('The key was rotated: the BitLocker keys were wrapped again.');

  await takeAway(stage, job);
  assert.deepEqual(
    drives.map(({ volume }) => readFileSync(volume.path)),
    shipped,
  );
}

/** The document's four errors, of which one has two causes here. */
async function takeAway(stage: Stage, job: Job): Promise<void> {
  const { vault, say } = stage;
  const vaultDeleted = {
    title: 'the vault is deleted',
    take: () => vault.remove(),
    giveBack: () => vault.recover(),
  };
  const keys = await job.listBitLockerKeys();
  const seen: string[] = [];
  for (const { title, take, giveBack } of [...revocations(stage, keyName), vaultDeleted]) {
    await take();
    const error = await job.listBitLockerKeys().catch((thrown: unknown) => thrown);
    assert.ok(error instanceof CmkError);
    seen.push(error.name);
    say(`After ${title}: ${error.name}. ${error.message}`);
    await giveBack();
    assert.deepEqual(await job.listBitLockerKeys(), keys);
  }
  const [denied, disabled, deleted, bypassOff, noVault] = seen;
  assert.deepEqual([denied, bypassOff], ['CmkErrorAccessRevoked', 'CmkErrorAccessRevoked']);
  assert.deepEqual(
    [disabled, deleted, noVault],
    ['CmkErrorKeyDisabled', 'CmkErrorKeyNotFound', 'CmkErrorVaultNotFound'],
  );
  say('Each of these ways out was taken, and the job listed its BitLocker keys again.');
}

/** A drive on its way, and the key that the customer wrote down. */
interface Drive {
  readonly id: string;
  readonly volume: Volume;
  readonly bitLockerKey: string;
}

/** Makes a drive with a folder of files on it. */
function packDrive(folder: string, id: string): Drive {
  const from = join(folder, `files-of-${id}`);
  mkdirSync(from);
  writeFileSync(join(from, `${id}.csv`), `drive;${id}\n${'measured;21.5\n'.repeat(500)}`);
  writeFileSync(join(from, `${id}.bin`), randomBytes(40_000));
  const bitLockerKey = recoveryPassword();
  const volume = Volume.create(join(folder, `${id}.luks`), { passphrase: bitLockerKey, from });
  assert.equal(readFileSync(volume.path).includes('measured'), false);
  return { id, volume, bitLockerKey };
}

/** Eight groups of six digits, each of them 16 random bits times 11. */
function recoveryPassword(): string {
  return Array.from({ length: 8 }, () => String(randomInt(65_536) * 11).padStart(6, '0')).join('-');
}

async function importDrives(
  job: Job,
  { drives, container, folder }: { drives: readonly Drive[]; container: ContainerClient; folder: string },
): Promise<void> {
  const keys = await job.listBitLockerKeys();
  for (const { id, volume } of drives) {
    const others = [...keys].filter(([other]) => other !== id);
    assert.equal(
      others.some(([, key]) => volume.opensWith(key)),
      false,
    );
    const unlocked = join(folder, `unlocked-${id}`);
    volume.extract(keys.get(id) ?? '', unlocked);
    for (const name of readdirSync(unlocked)) {
      await container.getBlockBlobClient(`${id}/${name}`).uploadFile(join(unlocked, name));
      const copied = await container.getBlockBlobClient(`${id}/${name}`).downloadToBuffer();
      assert.deepEqual(copied, readFileSync(join(folder, `files-of-${id}`, name)));
    }
  }
}

/** The job's error, with the document's way out of it ("Troubleshoot customer managed key errors"). */
class CmkError extends Error {
  override readonly name: string;

  constructor(name: string, wayOut: string) {
    super(wayOut);
    this.name = name;
  }
}

const revoked = [
  'CmkErrorAccessRevoked',
  "Grant the job's identity Get, Wrap and Unwrap; behind a firewall, allow trusted services.",
] as const;

/** The job's errors, by the vault's code. */
const cmkErrors: Readonly<Record<string, readonly [name: string, wayOut: string]>> = {
  AccessDenied: revoked,
  ForbiddenByFirewall: revoked,
  KeyDisabled: ['CmkErrorKeyDisabled', 'Enable the version of the key.'],
  KeyNotFound: ['CmkErrorKeyNotFound', 'Recover the key, or restore its backup.'],
  // On Azure the name of a deleted vault does not resolve. Postern answers for it.
  VaultNotFound: ['CmkErrorVaultNotFound', 'Recover the vault.'],
};

/** A drive in the job's file: its BitLocker key, sealed by the service's key or wrapped by the customer's. */
interface JobDrive {
  readonly driveId: string;
  readonly sealed?: string;
  readonly wrapped?: Envelope;
}

/** An import job. BitLocker keys are never kept in memory. */
class Job {
  readonly #file: string;
  /** "By default, BitLocker keys are encrypted with Microsoft-managed keys." */
  readonly #serviceKey = randomBytes(32);
  #customerKey: CustomerKey | undefined;

  constructor(file: string, drives: readonly Drive[]) {
    this.#file = file;
    this.#keep(
      drives.map(({ id, bitLockerKey }) => {
        const sealed = seal(this.#serviceKey, Buffer.from(bitLockerKey), id).toString('base64');
        return { driveId: id, sealed };
      }),
    );
  }

  /** Changes to the customer's key, at any stage of the job. */
  async encryptWith(key: CustomerKey): Promise<void> {
    await key.enable();
    const drives: JobDrive[] = [];
    for (const [driveId, bitLockerKey] of await this.listBitLockerKeys()) {
      drives.push({ driveId, wrapped: await key.wrap(Buffer.from(bitLockerKey)) });
    }
    this.#customerKey = key;
    this.#keep(drives);
  }

  encryptWithServiceKey(): void {
    if (this.#customerKey !== undefined)
      throw new Error('The customer managed key cannot be disabled once it is chosen.');
  }

  /** The keys by drive. The job's page shows them to the customer, and the data centre opens the drives with them. */
  async listBitLockerKeys(): Promise<ReadonlyMap<string, string>> {
    const keys = new Map<string, string>();
    for (const drive of this.#drives()) keys.set(drive.driveId, (await this.#open(drive)).toString());
    return keys;
  }

  async followKey(): Promise<void> {
    const drives: JobDrive[] = [];
    for (const { driveId, wrapped } of this.#drives()) {
      assert.ok(wrapped !== undefined && this.#customerKey !== undefined);
      drives.push({ driveId, wrapped: await this.#customerKey.follow(wrapped) });
    }
    this.#keep(drives);
  }

  /** The bytes at rest. */
  stored(): string {
    return readFileSync(this.#file, 'utf8');
  }

  async #open({ driveId, sealed = '', wrapped }: JobDrive): Promise<Buffer> {
    const customerKey = this.#customerKey;
    if (customerKey === undefined || wrapped === undefined) {
      return unseal(this.#serviceKey, Buffer.from(sealed, 'base64'), driveId);
    }
    let key: Buffer | undefined;
    const { code = '' } = await answerTo(async () => {
      key = await customerKey.open(wrapped);
    });
    if (key !== undefined) return key;
    const [name, wayOut] = cmkErrors[code] ?? ['CmkErrorUnknown', `The vault said ${code}.`];
    throw new CmkError(name, wayOut);
  }

  #drives(): readonly JobDrive[] {
    return JSON.parse(this.stored());
  }

  #keep(drives: readonly JobDrive[]): void {
    writeFileSync(this.#file, JSON.stringify(drives));
  }
}

await play({
  service: 'Azure Import/Export',
  programs: luksPrograms,
  caller: systemAssigned('Microsoft.ImportExport/jobs', 'contosoimport'),
  grant: { keys: ['get', 'wrapKey', 'unwrapKey'], secrets: ['get'] },
  furnish: async ({ keys, secrets }) => {
    await keys.createRsaKey(keyName, { keySize: 2048 });
    await secrets.setSecret('storage-connection', 'anything');
  },
  work,
  call: (clients) => new CustomerKey(clients, keyName).newDataKey(),
  outside: { title: 'reads a secret', call: ({ secrets }) => secrets.getSecret('storage-connection') },
  forged: { caller: lookAlike('Microsoft.ImportExport/jobsArchive', 'contosoimport') },
});
