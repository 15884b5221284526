/**
 * Azure Container Registry: "Registry encryption using customer-managed keys"
 *
 * A registry encrypts what is pushed to it under a data key, which the customer's key in the vault wraps. It is created with
 * a user-assigned identity, because its own identity does not exist before the registry does, and can change to that later.
 * Here a small registry answers the real client `oras`; this program is the store below it, which seals blobs, manifests and
 * tags before they reach the disk.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userAssigned } from './parts/callers.ts';
import { answerTo, inWords } from './parts/cells.ts';
import { CustomerKey, seal, unseal } from './parts/customer-key.ts';
import type { Envelope } from './parts/customer-key.ts';
import { temporaryFolder } from './parts/folder.ts';
import { forgedHeaders } from './parts/impostors.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import { runBeside } from './parts/programs.ts';
import { Denied, startRegistry } from './parts/registry.ts';
import type { RegistryStore } from './parts/registry.ts';
import { revocations } from './parts/revocations.ts';

const keyName = 'registry-key';
const service = 'Azure Container Registry';
const program = Buffer.from('#!/bin/sh\necho "The payroll of November is done."\n'.repeat(200));

async function work(stage: Stage): Promise<void> {
  const { owner, say } = stage;
  using folder = temporaryFolder();
  const store = new SealedStore(join(folder.path, 'registry'), new CustomerKey(stage.service, keyName));
  await store.enable();
  await using registry = await startRegistry(store);
  const client = new Oras(folder.path, `${registry.host}/payroll:v1`);
  say('The registry proved that it can wrap and unwrap with the key.');

  await client.push(program);
  const stored = store.stored();
  for (const [name, data] of stored) {
    for (const text of ['payroll', 'November', 'oci.image'])
      assert.equal((name + data.toString()).includes(text), false);
  }
  assert.deepEqual(await client.pull(), program);
  say(`oras pushed payroll:v1. It is ${stored.size} sealed files, and oras pulls what it pushed.`);

  await owner.keys.rotateKey(keyName);
  await assertFollows(store);
  assert.deepEqual(store.stored(), stored);
  assert.deepEqual(await client.pull(), program);
  say('The key was rotated: the data key was wrapped again, and the stored files are the same.');

  for (const { title, answer, take, giveBack } of revocations(stage, keyName)) {
    await take();
    assert.equal(await client.refusal(), `denied: ${unreadable(answer)}`);
    await giveBack();
    assert.deepEqual(await client.pull(), program);
    say(`After ${title}, oras prints "denied: ${unreadable(answer)}", until that is undone.`);
  }
  assert.deepEqual(store.stored(), stored);

  await changeIdentity(stage, store);
  assert.deepEqual(await client.pull(), program);
  await owner.keys.rotateKey(keyName);
  await assertFollows(store);
  assert.deepEqual(await client.pull(), program);
  say('The registry got an identity of its own. Granted in place of the first one, it pulls, and it follows the key.');
  await stage.vault.grant(stage.party, stage.grant);
}

/** The key has a new version: the data key is wrapped by that. */
async function assertFollows(store: SealedStore): Promise<void> {
  const { keyId } = store.envelope();
  await store.followKey();
  assert.notEqual(store.envelope().keyId, keyId);
}

/** "Rotate the key and identity": from now on, the registry asks the vault as itself. */
async function changeIdentity({ vault, party, grant }: Stage, store: SealedStore): Promise<void> {
  const own = await party.ownIdentity?.();
  assert.ok(own);
  await vault.grant(own, grant);
  await vault.revoke(party);
  await store.use(new CustomerKey(vault.as(own), keyName));
}

function unreadable(answer: string): string {
  return `the registry's key cannot be used (${answer})`;
}

/** The real client, in a folder of its own. */
class Oras {
  readonly #folder: string;
  readonly #reference: string;

  constructor(folder: string, reference: string) {
    this.#folder = folder;
    this.#reference = reference;
  }

  async push(data: Buffer): Promise<void> {
    writeFileSync(join(this.#folder, 'run.sh'), data);
    const { status, said } = await this.#run('push', 'run.sh:text/x-shellscript');
    assert.equal(status, 0, said);
  }

  async pull(): Promise<Buffer> {
    const { status, said } = await this.#run('pull', '--output', 'pulled');
    assert.equal(status, 0, said);
    return readFileSync(join(this.#folder, 'pulled', 'run.sh'));
  }

  /** Pulls, and returns the refusal that oras prints. */
  async refusal(): Promise<string | undefined> {
    const { status, said } = await this.#run('pull', '--output', 'refused');
    assert.notEqual(status, 0, said);
    return /denied: .+/.exec(said)?.[0];
  }

  /** `env` enters the folder, because oras names files by their path. */
  #run(command: 'push' | 'pull', ...args: readonly string[]) {
    const options = ['--plain-http', '--no-tty', '--registry-config', 'oras.json'];
    const [file = '', ...others] = command === 'push' ? args : ['', ...args];
    const target = [this.#reference, file].filter((word) => word !== '');
    return runBeside('env', ['-C', this.#folder, 'oras', command, ...options, ...others, ...target]);
  }
}

/** The store below the registry. It does not keep the data key in memory, so that each request of a client asks the vault. */
class SealedStore implements RegistryStore {
  readonly #folder: string;
  #key: CustomerKey;

  constructor(folder: string, key: CustomerKey) {
    this.#folder = folder;
    this.#key = key;
  }

  /** Makes the registry's data key. */
  async enable(): Promise<void> {
    await this.#key.enable();
    mkdirSync(join(this.#folder, 'sealed'), { recursive: true });
    const { envelope } = await this.#key.newDataKey();
    this.#keep(envelope);
  }

  /** The same key, as another identity may use it. */
  async use(key: CustomerKey): Promise<void> {
    await key.enable();
    this.#key = key;
  }

  async put(name: string, data: Buffer): Promise<void> {
    writeFileSync(this.#file(name), seal(await this.#dataKey(), data, name));
  }

  async get(name: string): Promise<Buffer | undefined> {
    const key = await this.#dataKey();
    const file = this.#file(name);
    return existsSync(file) ? unseal(key, readFileSync(file), name) : undefined;
  }

  /** The bytes at rest. */
  stored(): ReadonlyMap<string, Buffer> {
    const folder = join(this.#folder, 'sealed');
    return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  }

  /** Wraps the data key by the key's current version. Azure does so within an hour, where the key is named without a version. */
  async followKey(): Promise<void> {
    this.#keep(await this.#key.follow(this.envelope()));
  }

  envelope(): Envelope {
    return JSON.parse(readFileSync(join(this.#folder, 'key.json'), 'utf8'));
  }

  #keep(envelope: Envelope): void {
    writeFileSync(join(this.#folder, 'key.json'), JSON.stringify(envelope));
  }

  async #dataKey(): Promise<Buffer> {
    let key: Buffer | undefined;
    const answer = await answerTo(async () => {
      key = await this.#key.open(this.envelope());
    });
    if (key === undefined) throw new Denied(unreadable(inWords(answer)));
    return key;
  }

  /** A repository's name says something about the customer, so no file is called by it. */
  #file(name: string): string {
    return join(this.#folder, 'sealed', createHash('sha256').update(name).digest('hex'));
  }
}

await play({
  service,
  programs: { oras: 'oras' },
  caller: userAssigned('Microsoft.ContainerRegistry/registries', 'contosoregistry'),
  grant: { keys: ['get', 'wrapKey', 'unwrapKey', 'list'] },
  furnish: async ({ keys }) => {
    await keys.createRsaKey(keyName, { keySize: 2048 });
  },
  work,
  call: (clients) => new CustomerKey(clients, keyName).newDataKey(),
  outside: { title: 'lists the keys', call: ({ keys }) => keys.listPropertiesOfKeys().next() },
  forged: { caller: forgedHeaders(service) },
});
