/**
 * Azure Storage: "Storage Service Encryption using customer-managed keys in Azure Key Vault."
 *
 * A storage account encrypts what its containers hold. Here the containers are Azurite's, and this program is the part of
 * the account in front of them: it seals each blob under a data key, which the customer's key wraps.
 */
import assert from 'node:assert/strict';
import { startAzurite } from './parts/azurite.ts';
import { systemAssigned } from './parts/callers.ts';
import { answerTo } from './parts/cells.ts';
import { CustomerKey, seal, unseal } from './parts/customer-key.ts';
import type { Envelope } from './parts/customer-key.ts';
import { temporaryFolder } from './parts/folder.ts';
import { externalIssuer } from './parts/impostors.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import type { ContainerClient } from '@azure/storage-blob';

const type = 'Microsoft.Storage/storageAccounts';
const keyName = 'storage-key';
const document = Buffer.from('The board meets on Monday.');

async function work({ owner, vault, service, party, grant, say }: Stage): Promise<void> {
  using folder = temporaryFolder();
  await using azurite = await startAzurite(folder.path);
  const container = azurite.blobs.getContainerClient('minutes');
  await container.create();
  const account = new Account(container, new CustomerKey(service, keyName));

  await account.enable();
  say('The account proved that it can wrap and unwrap with the key.');
  await account.put('monday.txt', document);
  const stored = await account.stored('monday.txt');
  assert.equal(stored.includes(document), false);
  assert.deepEqual(await account.get('monday.txt'), document);
  say(`monday.txt is stored as ${stored.length} sealed bytes, and reads back.`);

  const before = await account.envelope('monday.txt');
  await owner.keys.rotateKey(keyName);
  await account.followKey();
  assert.notEqual((await account.envelope('monday.txt')).keyId, before.keyId);
  assert.deepEqual(await account.stored('monday.txt'), stored);
  assert.deepEqual(await account.get('monday.txt'), document);
  say('The key was rotated: the data key was wrapped again, and the stored bytes are the same.');

  await vault.revoke(party);
  const { status, code } = await answerTo(() => account.get('monday.txt'));
  assert.equal(status, 403);
  assert.deepEqual(await account.list(), ['monday.txt']);
  say(`The grant was taken away: reading fails (the vault says ${status} ${code}), and the list still works.`);

  await vault.grant(party, grant);
  assert.deepEqual(await account.get('monday.txt'), document);
  say('The grant was given back: the same bytes can be read again.');
}

/** A storage account with a customer-managed key. It keeps no data key in memory, so that each read asks the vault. */
class Account {
  readonly #container: ContainerClient;
  readonly #key: CustomerKey;

  constructor(container: ContainerClient, key: CustomerKey) {
    this.#container = container;
    this.#key = key;
  }

  enable(): Promise<void> {
    return this.#key.enable();
  }

  async put(name: string, data: Buffer): Promise<void> {
    const { key, envelope } = await this.#key.newDataKey();
    const blob = this.#container.getBlockBlobClient(name);
    const sealed = seal(key, data, blob.name);
    await blob.upload(sealed, sealed.length, { metadata: inMetadata(envelope) });
  }

  async get(name: string): Promise<Buffer> {
    const key = await this.#key.open(await this.envelope(name));
    return unseal(key, await this.stored(name), name);
  }

  /** The bytes at rest. */
  stored(name: string): Promise<Buffer> {
    return this.#container.getBlockBlobClient(name).downloadToBuffer();
  }

  async list(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const { name } of this.#container.listBlobsFlat()) names.push(name);
    return names;
  }

  /** Wraps each data key by the key's current version. Azure does so once a day, where the key is named without a version. */
  async followKey(): Promise<void> {
    for (const name of await this.list()) {
      const envelope = await this.#key.follow(await this.envelope(name));
      await this.#container.getBlockBlobClient(name).setMetadata(inMetadata(envelope));
    }
  }

  /** The wrapped data key of a blob, and the version that wrapped it. */
  async envelope(name: string): Promise<Envelope> {
    const { metadata = {} } = await this.#container.getBlockBlobClient(name).getProperties();
    const { keyid: keyId = '', wrappedkey: wrappedKey = '' } = metadata;
    return { keyId, algorithm: 'RSA-OAEP-256', wrappedKey };
  }
}

function inMetadata({ keyId, algorithm, wrappedKey }: Envelope): Record<string, string> {
  return { keyid: keyId, algorithm, wrappedkey: wrappedKey };
}

await play({
  service: 'Azure Storage',
  caller: systemAssigned(type, 'contosodata'),
  grant: { keys: ['get', 'wrapKey', 'unwrapKey', 'list', 'delete'] },
  furnish: async ({ keys }) => {
    await keys.createRsaKey(keyName, { keySize: 2048 });
  },
  work,
  call: ({ keys }) => keys.getKey(keyName),
  outside: { title: 'deletes the key', call: ({ keys }) => keys.beginDeleteKey(keyName) },
  forged: { caller: externalIssuer(type, 'contosodata') },
});
