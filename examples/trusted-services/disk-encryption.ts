/**
 * Azure Disk Encryption: "Allow access to BitLocker Key (Windows VM) or DM Passphrase (Linux VM), and Key Encryption Key,
 * during virtual machine deployment. This enables Azure Disk Encryption."
 *
 * A machine's disk is encrypted under a passphrase. The service has the customer's key encryption key wrap it, and keeps
 * the result as a secret; the machine's settings hold the two URLs alone, and each boot gets the secret and unwraps it. Here
 * the disk is a LUKS volume in a file, which QEMU's tools and cryptsetup read and write without root.
 *
 * A Windows machine's disk is a BitLocker volume, which nothing in Debian can make. Its key goes through the vault all the
 * same, in the form that the documented script gives it.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { application } from './parts/callers.ts';
import { answerTo } from './parts/cells.ts';
import { DiskEncryption, boot, newPassphrase, tagsOf } from './parts/disk-encryption.ts';
import type { Disk } from './parts/disk-encryption.ts';
import { temporaryFolder } from './parts/folder.ts';
import { signedByAnotherKey } from './parts/impostors.ts';
import { Volume, luksPrograms } from './parts/luks.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';

const keyName = 'disk-kek';
const [osDisk, dataDisk, windowsDisk] = [randomUUID(), randomUUID(), randomUUID()];
const machine = 'ledger-vm';
const ledgerFile = 'ledger.txt';
const ledger = 'January: 1,204 crowns received.\n';

async function work(stage: Stage): Promise<void> {
  using folder = temporaryFolder();
  const files = join(folder.path, 'files');
  mkdirSync(files);
  writeFileSync(join(files, ledgerFile), ledger);
  const lesson: Lesson = { ...stage, folder: folder.path, files, compute: new DiskEncryption(stage.service) };

  const encrypted = await encrypt(lesson);
  await rotate(lesson, encrypted);
  await withoutKey(lesson);
  await windows(lesson);
}

interface Lesson extends Stage {
  readonly folder: string;
  /** The folder with the files that go onto the disks. */
  readonly files: string;
  readonly compute: DiskEncryption;
}

async function encrypt({ owner, service, say, folder, files, compute }: Lesson): Promise<Disk> {
  const { id = '' } = await owner.keys.getKey(keyName);
  const passphrase = newPassphrase();
  const disk = { name: osDisk, machine, passphrase };
  const elliptic = await owner.keys.createEcKey('elliptic');
  await assert.rejects(compute.keep(disk, elliptic.id), /is a key of type EC; use an RSA key/);
  await assert.rejects(compute.keep(disk, id.replace(/\/[^/]+$/, '')), /has no version; name one/);
  say('A key encryption key that is not RSA, or whose URL has no version, is refused by the service itself.');

  const settings = await compute.keep(disk, id);
  const volume = Volume.create(join(folder, 'os-disk'), { passphrase, from: files });
  assert.equal(readFileSync(volume.path).includes(ledger), false);
  const { value = '', properties } = await service.secrets.getSecret(osDisk);
  assert.equal(properties.contentType, 'Wrapped BEK');
  assert.equal(Buffer.from(value, 'base64url').includes(passphrase), false);
  assert.equal(properties.tags?.['DiskEncryptionKeyEncryptionKeyURL'], id);
  say(`${machine} is encrypted: its disk has no ledger in clear, and the secret ${osDisk} has the wrapped passphrase.`);

  assert.equal(await boot(compute, { volume, settings }, ledgerFile), ledger);
  assert.equal(volume.opensWith(passphrase), true);
  assert.equal(volume.opensWith(newPassphrase()), false);
  say('It boots: secret fetched, unwrapped, ledger.txt read. cryptsetup takes this passphrase, and no other.');

  await owner.keys.updateKeyProperties(keyName, { enabled: false });
  const { status, code } = await answerTo(() => boot(compute, { volume, settings }, ledgerFile));
  assert.deepEqual([status, code], [403, 'KeyDisabled']);
  await owner.keys.updateKeyProperties(keyName, { enabled: true });
  assert.equal(await boot(compute, { volume, settings }, ledgerFile), ledger);
  say(`With the key disabled it does not boot (the vault says ${status} ${code}); enabled again, it does.`);
  return { volume, settings };
}

async function rotate({ owner, say, compute }: Lesson, { volume, settings }: Disk): Promise<void> {
  const { id = '' } = await owner.keys.rotateKey(keyName);
  assert.equal(await boot(compute, { volume, settings }, ledgerFile), ledger);
  const before = digest(volume);
  const passphrase = await compute.passphrase(settings);
  const wrappedAgain = await compute.keep({ name: osDisk, machine, passphrase }, id);
  assert.equal(digest(volume), before);
  assert.equal(await boot(compute, { volume, settings: wrappedAgain }, ledgerFile), ledger);
  say('The key was rotated: the old settings still boot, the new ones too, and the disk is the same to the last bit.');

  const next = newPassphrase();
  volume.changePassphrase(passphrase, next);
  const renewed = await compute.keep({ name: osDisk, machine, passphrase: next }, id);
  assert.equal(volume.opensWith(await compute.passphrase(wrappedAgain)), false);
  assert.equal(await boot(compute, { volume, settings: renewed }, ledgerFile), ledger);
  say('The passphrase was changed: the new version of the secret opens the disk, and the one before does not.');
}

/** "BEK only": the secret holds the passphrase itself, and whoever may get secrets can open the disk. */
async function withoutKey({ service, say, folder, files, compute }: Lesson): Promise<void> {
  const passphrase = newPassphrase();
  const settings = await compute.keep({ name: dataDisk, machine, passphrase });
  const volume = Volume.create(join(folder, 'data-disk'), { passphrase, from: files });
  const { value, properties } = await service.secrets.getSecret(dataDisk);
  assert.equal(value, Buffer.from(passphrase).toString('base64'));
  assert.equal(properties.contentType, 'BEK');
  assert.equal(await boot(compute, { volume, settings }, ledgerFile), ledger);
  say('A data disk without a key encryption key: its secret holds the passphrase as it is.');
}

/** The customer encrypts a BitLocker key by the documented script, for a machine that the service boots. */
async function windows({ owner, service, say }: Lesson): Promise<void> {
  const bitLockerKey = randomBytes(156);
  const { id: keyUrl = '' } = await owner.keys.getKey(keyName);
  const body = { alg: 'RSA-OAEP', value: bitLockerKey.toString('base64') };
  const { value } = (await owner.post(`${keyUrl}/encrypt?api-version=2015-06-01`, body)) as { readonly value: string };
  await owner.secrets.setSecret(windowsDisk, value, {
    contentType: 'Wrapped BEK',
    tags: { ...tagsOf(`${windowsDisk.toUpperCase()}.BEK`, keyUrl), MachineName: 'windows-vm' },
  });
  const kept = await service.secrets.getSecret(windowsDisk);
  const wrapped = Buffer.from(kept.value ?? '', 'base64url');
  const { result } = await service.cryptography(keyUrl).unwrapKey('RSA-OAEP', wrapped);
  assert.deepEqual(Buffer.from(result), bitLockerKey);
  say('The BitLocker key of a Windows machine, encrypted by the documented script, comes back as it was.');
}

function digest({ path }: Volume): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

const caller = application('Azure Disk Encryption volume encryption service');

await play({
  service: 'Azure Disk Encryption volume encryption service',
  programs: luksPrograms,
  caller,
  grant: { secrets: ['delete'] },
  vaultSwitch: 'enabledForDiskEncryption',
  furnish: async ({ keys }) => {
    await keys.createRsaKey(keyName, { keySize: 2048 });
  },
  work,
  call: ({ keys }) => keys.getKey(keyName),
  outside: { title: "deletes the disk's secret", call: ({ secrets }) => secrets.beginDeleteSecret(osDisk) },
  forged: { caller: signedByAnotherKey(caller), expected: '401 Unauthorized' },
});
