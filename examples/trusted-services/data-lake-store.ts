/**
 * Azure Data Lake Store: "Encryption of data in Azure Data Lake Store with a customer-managed key."
 *
 * An account cuts each file into blocks and encrypts every block under a key of its own, which is derived from the account's
 * data encryption key and the block. The customer's key in the vault, the master encryption key, encrypts the data encryption
 * key; the account keeps that beside the data, and sends it to the vault "to be decrypted". Here the blocks are files in a folder,
 * and this program is the part of the account that reads and writes them.
 */
import assert from 'node:assert/strict';
import { hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemAssigned } from './parts/callers.ts';
import { answerTo, inWords } from './parts/cells.ts';
import { CustomerKey, decryptWith, seal, unseal } from './parts/customer-key.ts';
import type { Envelope } from './parts/customer-key.ts';
import { temporaryFolder } from './parts/folder.ts';
import { lookAlike } from './parts/impostors.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import { poll, restoreKey, revocations } from './parts/revocations.ts';

const keyName = 'lake-key';
const path = 'telemetry/monday.csv';
const blockSize = 64 * 1024;
/** Four blocks, of which the first three are equal in clear. */
const file = Buffer.alloc(3 * blockSize + 100, 'pump 7;21.5 C;1013 hPa;running\r\n\r\n');

async function work(stage: Stage): Promise<void> {
  using folder = temporaryFolder();
  // The document asks for no purge protection. It says what the vault does: it decrypts.
  const key = new CustomerKey(stage.service, keyName, { purgeProtection: false, by: 'encryption' });
  const account = new Account(folder.path, key);
  await account.enable();
  stage.say('The account made its data encryption key, and proved that the vault encrypts and decrypts it.');

  await write(stage, account);
  await rotate(stage, account);
  const stored = account.stored(path);
  for (const { title, answer, take, giveBack } of revocations(stage, keyName)) {
    await take();
    assert.equal(inWords(await answerTo(() => account.read(path))), answer);
    assert.deepEqual(account.list('telemetry'), ['monday.csv']);
    await giveBack();
    assert.deepEqual(await account.read(path), file);
    stage.say(`After ${title}, ${path} cannot be read (${answer}), until that is undone.`);
  }
  await lose(stage, account);
  assert.deepEqual(account.stored(path), stored);
  stage.say('All the while, no stored byte of the file has changed.');
}

async function write({ say }: Stage, account: Account): Promise<void> {
  await account.write(path, file);
  const blocks = account.stored(path);
  // Longer than what 200 kB of random bytes may have by chance.
  for (const block of blocks) assert.equal(block.includes('1013 hPa'), false);
  assert.equal(new Set(blocks.map((block) => block.toString('hex'))).size, blocks.length);
  assert.deepEqual(await account.read(path), file);
  say(`${path} is stored as ${blocks.length} sealed blocks. No two look the same, though three are the same in clear.`);

  assert.deepEqual(await account.readBlock(path, 3), file.subarray(3 * blockSize));
  account.swap(path, 0, 1);
  await assert.rejects(account.read(path), /unable to authenticate data/);
  account.swap(path, 0, 1);
  say('The last block was read by itself. Two blocks were swapped: the account noticed that neither is in its place.');
}

/** "Rotate Key" is a step of the customer's, and leads to a new version of the same key: the document allows no other. */
async function rotate({ owner, say }: Stage, account: Account): Promise<void> {
  const before = account.stored(path);
  const { id: old } = await owner.keys.getKey(keyName);
  await owner.keys.rotateKey(keyName);
  assert.deepEqual(await account.read(path), file);
  assert.equal(account.keyId(), old);
  await account.rotateKey();
  assert.notEqual(account.keyId(), old);
  assert.deepEqual(account.stored(path), before);
  assert.deepEqual(await account.read(path), file);
  say(
    'The key got a new version. "Rotate Key" encrypted the data encryption key by it, and left the blocks as they were.',
  );
}

/** A purged key is lost, and with it the lake, unless the customer has a backup of the key. */
async function lose({ owner, say }: Stage, account: Account): Promise<void> {
  const backup = await owner.keys.backupKey(keyName);
  assert.ok(backup);
  await (await owner.keys.beginDeleteKey(keyName, poll)).pollUntilDone();
  await owner.keys.purgeDeletedKey(keyName);
  assert.equal(inWords(await answerTo(() => account.read(path))), '404 KeyNotFound');
  await restoreKey(owner, backup);
  assert.deepEqual(await account.read(path), file);
  say(
    'The key was deleted and purged, and the file could not be read. The backup of the key was restored: it can be read.',
  );
}

/** A Gen1 account, with its encrypted data encryption key in one file and a folder for each file's blocks. */
class Account {
  readonly #folder: string;
  readonly #masterKey: CustomerKey;

  constructor(folder: string, masterKey: CustomerKey) {
    this.#folder = folder;
    this.#masterKey = masterKey;
  }

  /** There is one data encryption key, made with the account. */
  async enable(): Promise<void> {
    await this.#masterKey.enable();
    const { envelope } = await this.#masterKey.newDataKey();
    this.#keep(envelope);
  }

  async write(name: string, data: Buffer): Promise<void> {
    const key = await this.#dataKey();
    mkdirSync(this.#blocks(name), { recursive: true });
    for (let number = 0; number * blockSize < data.length; number += 1) {
      const block = data.subarray(number * blockSize, (number + 1) * blockSize);
      writeFileSync(this.#block(name, number), seal(blockKey(key, name, number), block, place(name, number)));
    }
  }

  async read(name: string): Promise<Buffer> {
    const key = await this.#dataKey();
    return Buffer.concat(this.stored(name).map((sealed, number) => openBlock(key, sealed, { name, number })));
  }

  async readBlock(name: string, number: number): Promise<Buffer> {
    return openBlock(await this.#dataKey(), readFileSync(this.#block(name, number)), { name, number });
  }

  list(directory: string): readonly string[] {
    return readdirSync(this.#blocks(directory));
  }

  /** The bytes at rest, a buffer a block. */
  stored(name: string): readonly Buffer[] {
    return readdirSync(this.#blocks(name)).map((_, number) => readFileSync(this.#block(name, number)));
  }

  /** The key, with its version, that the account's data depends on now. */
  keyId(): string {
    return this.#envelope().keyId;
  }

  async rotateKey(): Promise<void> {
    this.#keep(await this.#masterKey.follow(this.#envelope()));
  }

  /** Swaps two blocks, as an attacker could who can write to the disks. */
  swap(name: string, one: number, other: number): void {
    const aside = join(this.#folder, randomBytes(4).toString('hex'));
    renameSync(this.#block(name, one), aside);
    renameSync(this.#block(name, other), this.#block(name, one));
    renameSync(aside, this.#block(name, other));
  }

  /** It is not kept in memory, so that each read asks the vault. */
  #dataKey(): Promise<Buffer> {
    return this.#masterKey.open(this.#envelope());
  }

  #envelope(): Envelope {
    return JSON.parse(readFileSync(join(this.#folder, 'account.json'), 'utf8'));
  }

  #keep(envelope: Envelope): void {
    writeFileSync(join(this.#folder, 'account.json'), JSON.stringify(envelope));
  }

  #blocks(name: string): string {
    return join(this.#folder, 'files', name);
  }

  #block(name: string, number: number): string {
    return join(this.#blocks(name), String(number));
  }
}

function openBlock(key: Buffer, sealed: Buffer, { name, number }: { name: string; number: number }): Buffer {
  return unseal(blockKey(key, name, number), sealed, place(name, number));
}

/** The block encryption key: derived, so that it is stored nowhere. */
function blockKey(dataKey: Buffer, name: string, number: number): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, '', place(name, number), 32));
}

function place(name: string, number: number): string {
  return `${name}#${number}`;
}

await play({
  service: 'Azure Data Lake Store',
  caller: systemAssigned('Microsoft.DataLakeStore/accounts', 'contosolake'),
  grant: { keys: ['get', 'encrypt', 'decrypt', 'rotate'] },
  purgeProtection: false,
  furnish: async ({ keys }) => {
    await keys.createRsaKey(keyName, { keySize: 2048 });
  },
  work,
  call: decryptWith(keyName),
  outside: { title: 'rotates the key', call: ({ keys }) => keys.rotateKey(keyName) },
  forged: { caller: lookAlike('Microsoft.DataLakeStore/accounts/trustedIdProviders', 'contosolake/entra') },
});
