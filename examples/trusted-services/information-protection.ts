/**
 * Azure Information Protection: "Allow access to tenant key for Azure Information Protection."
 *
 * The Rights Management service lets an author say who may read a document, wherever the document goes. The document is
 * encrypted under a content key, and a publishing licence travels with it: the content key, encrypted to the tenant's key,
 * and the rights. The tenant key signs the licence. A reader asks the service for a use licence: the service verifies the
 * signature, looks up the reader's right, has the vault decrypt the content key, and encrypts it to the reader's own key.
 * The tenant key is the customer's ("bring your own key") and stays in the vault.
 *
 * This program is the service, the author's application and the readers' applications. Microsoft does not publish the algorithms
 * of the service; here they are RS256 and RSA-OAEP-256.
 */
import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CryptographyClient } from '@azure/keyvault-keys';
import { parseKeyVaultKeyIdentifier } from '@azure/keyvault-keys';
import { application } from './parts/callers.ts';
import { answerTo } from './parts/cells.ts';
import { seal, unseal } from './parts/customer-key.ts';
import { temporaryFolder } from './parts/folder.ts';
import { ownApplication } from './parts/impostors.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import type { Clients } from './parts/vault.ts';

const keyName = 'tenant-key';
const plan = Buffer.from('We buy Fabrikam in spring.');

async function work({ owner, vault, service, party, say }: Stage): Promise<void> {
  using folder = temporaryFolder();
  const rights = new RightsManagement(service);
  const first = (await owner.keys.getKey(keyName)).id ?? '';

  await refusesOtherKeys(rights, owner, say);
  await rights.activate(first);
  say('The tenant key, with its version, was activated: it signed and decrypted a probe.');

  const file = join(folder.path, 'plan.ptxt');
  await protect(rights, { file, text: plan, readers: { 'ben@contoso.example': ['VIEW'] } });
  assert.equal(readFileSync(file).includes(plan), false);
  const [ben, eve] = [new Reader('ben@contoso.example'), new Reader('eve@contoso.example')];
  const kept = await ben.ask(rights, file);
  assert.deepEqual(ben.read(file, kept), plan);
  say('plan.ptxt has no plaintext. Ben, who may view it, got a use licence and read it.');
  await assert.rejects(eve.ask(rights, file), /eve@contoso.example has no right/);
  const forgedFile = join(folder.path, 'forged.ptxt');
  writeFileSync(forgedFile, readFileSync(file).toString('latin1').replace('ben@', 'eve@'), 'latin1');
  await assert.rejects(eve.ask(rights, forgedFile), /not signed by the tenant key/);
  say('Eve got none: she has no right, and when she wrote her name into the licence, its signature did not verify.');

  const { id: second = '' } = await owner.keys.rotateKey(keyName);
  assert.equal((await rights.publish(probe)).tenantKey, first);
  say('The key got a new version in the vault: the service goes on with the version that was activated.');
  await rights.activate(second);
  const newFile = join(folder.path, 'budget.ptxt');
  await protect(rights, { file: newFile, text: plan, readers: { 'ben@contoso.example': ['VIEW'] } });
  assert.equal(licenceOf(newFile).tenantKey, second);
  assert.deepEqual(ben.read(file, await ben.ask(rights, file)), plan);
  say('The new version was activated and protects new documents. The archived one still opens the old document.');

  await owner.keys.updateKeyProperties(keyName, versionOf(first), { enabled: false });
  const disabled = await answerTo(() => ben.ask(rights, file));
  assert.equal(disabled.status, 403);
  assert.deepEqual(ben.read(newFile, await ben.ask(rights, newFile)), plan);
  await owner.keys.updateKeyProperties(keyName, versionOf(first), { enabled: true });
  say(`The archived version was disabled: the old document cannot be opened (${disabled.code}), the new one can.`);

  await vault.revoke(party);
  const { status, code } = await answerTo(() => ben.ask(rights, file));
  assert.equal(status, 403);
  assert.equal((await answerTo(() => rights.publish(probe))).status, 403);
  assert.deepEqual(ben.read(file, kept), plan);
  say(`The grant was taken away: no use licence (the vault says ${status} ${code}), and nothing can be protected.`);
  say('A use licence that was given before still opens its document: what was handed out is out.');
  await vault.grant(party, grant);
  assert.deepEqual(ben.read(file, await ben.ask(rights, file)), plan);
  say('The grant was given back: the same document opens again.');
}

/** "key ID with its version", RSA of 2048 bits (1024 is tolerated), and every operation permitted. */
async function refusesOtherKeys(rights: RightsManagement, owner: Clients, say: Stage['say']): Promise<void> {
  const large = await owner.keys.createRsaKey('large', { keySize: 3072 });
  const narrow = await owner.keys.createRsaKey('narrow', { keySize: 2048, keyOps: ['sign', 'verify'] });
  await assert.rejects(rights.activate(large.id ?? ''), /3072 bits/);
  await assert.rejects(rights.activate(narrow.id ?? ''), /does not permit encrypt, decrypt, wrapKey, unwrapKey/);
  await assert.rejects(rights.activate((large.id ?? '').replace(/\/[^/]+$/, '')), /has no version/);
  say('Refused as a tenant key: one of 3072 bits, one that may only sign, and an id without a version.');
}

/** The licence that travels with a document. */
interface PublishingLicence {
  /** The tenant key's id, with its version. */
  readonly tenantKey: string;
  readonly rights: Readonly<Record<string, readonly string[]>>;
  /** The content key, encrypted to the tenant key. Base64. */
  readonly contentKey: string;
  /** The tenant key's, over all the rest. Base64. */
  readonly signature: string;
}

type Unsigned = Pick<PublishingLicence, 'rights' | 'contentKey'>;

/** Something to sign where only the signature counts. */
const probe: Unsigned = { rights: {}, contentKey: '' };

/** The service. It has public keys only; for the rest it asks the vault. */
class RightsManagement {
  readonly #vault: Clients;
  readonly #publicKeys = new Map<string, KeyObject>();
  #active = '';

  constructor(vault: Clients) {
    this.#vault = vault;
  }

  /** The tenant's public key, to which authors encrypt. */
  get publicKey(): KeyObject {
    return this.#publicKey(this.#active);
  }

  /** Makes a version of a key the active tenant key, and archives the one before. @throws {Error} unless it is a fit key */
  async activate(keyId: string): Promise<void> {
    const { name, version } = parseKeyVaultKeyIdentifier(keyId);
    if (version === undefined) throw new Error(`${keyId} has no version; with the next one the service would stop.`);
    const { key, keyOperations = [] } = await this.#vault.keys.getKey(name, { version });
    const bits = (key?.n?.length ?? 0) * 8;
    if (bits !== 2048 && bits !== 1024) throw new Error(`${keyId} has ${bits} bits; use 2048.`);
    const all = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'];
    const lacks = all.filter((operation) => !keyOperations.includes(operation));
    if (lacks.length > 0) throw new Error(`${keyId} does not permit ${lacks.join(', ')}.`);
    const [n = '', e = ''] = [key?.n, key?.e].map((part) => Buffer.from(part ?? []).toString('base64url'));
    const publicKey = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    this.#publicKeys.set(keyId, publicKey);
    const content = randomBytes(32);
    assert.deepEqual(await this.#decrypt(keyId, encrypted(publicKey, content)), content);
    this.#active = keyId;
    this.#verify(await this.publish(probe));
  }

  /** Signs a licence. */
  async publish({ rights, contentKey }: Unsigned): Promise<PublishingLicence> {
    const licence = { tenantKey: this.#active, rights, contentKey };
    const digest = createHash('sha256').update(JSON.stringify(licence)).digest();
    const { result } = await this.#tenantKey(this.#active).sign('RS256', digest);
    return { ...licence, signature: Buffer.from(result).toString('base64') };
  }

  /** The content key for a reader who has a right, encrypted to the reader's key. @throws {Error} where there is no right */
  async useLicence(licence: PublishingLicence, user: string, key: KeyObject): Promise<Buffer> {
    this.#verify(licence);
    if (!(licence.rights[user] ?? []).includes('VIEW')) throw new Error(`${user} has no right to view the document.`);
    return encrypted(key, await this.#decrypt(licence.tenantKey, Buffer.from(licence.contentKey, 'base64')));
  }

  #verify({ signature, ...licence }: PublishingLicence): void {
    const content = Buffer.from(JSON.stringify(licence));
    const valid = verify('sha256', content, this.#publicKey(licence.tenantKey), Buffer.from(signature, 'base64'));
    if (!valid) throw new Error('The licence is not signed by the tenant key.');
  }

  async #decrypt(keyId: string, ciphertext: Buffer): Promise<Buffer> {
    const { result } = await this.#tenantKey(keyId).decrypt({ algorithm: 'RSA-OAEP-256', ciphertext });
    return Buffer.from(result);
  }

  #tenantKey(keyId: string): CryptographyClient {
    return this.#vault.cryptography(keyId);
  }

  #publicKey(keyId: string): KeyObject {
    const key = this.#publicKeys.get(keyId);
    if (key === undefined) throw new Error(`${keyId} is not a tenant key, neither active nor archived.`);
    return key;
  }
}

/** A reader, with a key on the reader's own device. */
class Reader {
  readonly #name: string;
  readonly #keys = generateKeyPairSync('rsa', { modulusLength: 2048 });

  constructor(name: string) {
    this.#name = name;
  }

  /** A use licence for the document. */
  ask(rights: RightsManagement, file: string): Promise<Buffer> {
    return rights.useLicence(licenceOf(file), this.#name, this.#keys.publicKey);
  }

  read(file: string, useLicence: Buffer): Buffer {
    const contentKey = privateDecrypt({ key: this.#keys.privateKey, ...padding }, useLicence);
    return unseal(contentKey, partsOf(file).sealed, 'document');
  }
}

/** The author's application: encrypts the document, and has the service sign who may read it. */
async function protect(
  rights: RightsManagement,
  { file, text, readers }: { file: string; text: Buffer; readers: PublishingLicence['rights'] },
): Promise<void> {
  const key = randomBytes(32);
  const contentKey = encrypted(rights.publicKey, key).toString('base64');
  const licence = await rights.publish({ rights: readers, contentKey });
  writeFileSync(file, Buffer.concat([Buffer.from(`${JSON.stringify(licence)}\n`), seal(key, text, 'document')]));
}

/** A protected document: a line with its licence, and the sealed contents. */
function partsOf(file: string): { readonly licence: PublishingLicence; readonly sealed: Buffer } {
  const content = readFileSync(file);
  const end = content.indexOf('\n');
  return { licence: JSON.parse(content.subarray(0, end).toString()), sealed: content.subarray(end + 1) };
}

function licenceOf(file: string): PublishingLicence {
  return partsOf(file).licence;
}

const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };

function encrypted(key: KeyObject, data: Buffer): Buffer {
  return publicEncrypt({ key, ...padding }, data);
}

function versionOf(keyId: string): string {
  return parseKeyVaultKeyIdentifier(keyId).version ?? '';
}

const grant = { keys: ['get', 'decrypt', 'sign', 'wrapKey'] };

await play({
  service: 'Azure Information Protection',
  caller: application('Azure Information Protection'),
  grant,
  furnish: async ({ keys }) => {
    await keys.createRsaKey(keyName, { keySize: 2048 });
  },
  work,
  call: async ({ keys, cryptography }) => {
    const { id = '' } = await keys.getKey(keyName);
    await cryptography(id).sign('RS256', randomBytes(32));
  },
  outside: {
    title: 'wraps with the key',
    call: async ({ keys, cryptography }) => {
      const { id = '' } = await keys.getKey(keyName);
      await cryptography(id).wrapKey('RSA-OAEP-256', randomBytes(32));
    },
  },
  forged: { caller: ownApplication('00000012-0000-0000-c000-000000000000') },
});
