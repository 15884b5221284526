/**
 * Exchange Online & SharePoint Online: "Allow access to customer key for Azure Storage Service Encryption with Customer
 * Key."
 *
 * Customer Key asks for two keys in two vaults, so that the loss of one is not the loss of the data. Exchange wraps the key
 * of a data encryption policy with both; mailboxes have keys of their own, under that one. It asks one of the two vaults at
 * random, and the other one where that fails. SharePoint does so with the tenant's intermediate key: it asks both vaults
 * with a slight offset, and takes the first answer. Microsoft keeps a third wrap under its own availability key. Exchange
 * uses that when no vault can be reached, and not when the customer took the keys away.
 *
 * This program is both services, each with its own application. Microsoft asks for vaults of two subscriptions; a Postern
 * has one, and both vaults are in it. Here a vault is out of reach while its name leads to an address where nothing
 * listens.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isRestError } from '@azure/core-rest-pipeline';
import type { RestError } from '@azure/core-rest-pipeline';
import { Line } from './parts/address.ts';
import { application } from './parts/callers.ts';
import type { Party } from './parts/callers.ts';
import { seal, unseal } from './parts/customer-key.ts';
import { temporaryFolder } from './parts/folder.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import type { Postern } from './parts/postern.ts';
import { enabled, TwiceWrapped } from './parts/twice-wrapped.ts';
import type { Both } from './parts/twice-wrapped.ts';
import { Vault } from './parts/vault.ts';
import type { Clients } from './parts/vault.ts';

const keyName = 'customer-key';
/** "-KeyOps wrapKey,unwrapKey", and no expiry. */
const newKey = { keySize: 2048, keyOps: ['wrapKey', 'unwrapKey'] };
const grant = { keys: ['get', 'wrapKey', 'unwrapKey', 'decrypt'], secrets: ['get'] };
const exchange = application('Exchange Online & SharePoint Online');
const sharePoint = application('00000003-0000-0ff1-ce00-000000000000');
const mail = Buffer.from('Subject: the merger. Nobody knows yet.');

async function work(stage: Stage): Promise<void> {
  const { postern, vault, owner, party, say } = stage;
  using folder = temporaryFolder();
  const second = new Vault(postern.connection, `${vault.name}-2`);
  await second.create();
  await second.owner().keys.createRsaKey(keyName, newKey);
  await second.grant(party, grant);
  const customer: Customer = {
    vaults: [vault, second],
    owners: [owner, second.owner()],
    lines: [new Line(), new Line()],
  };
  say(`The customer has a second vault, ${second.name}, with the second key.`);
  await playExchange(stage, customer, folder.path);
  await playSharePoint(stage, customer, folder.path);
}

interface Customer {
  readonly vaults: Both<Vault>;
  readonly owners: Both<Clients>;
  readonly lines: Both<Line>;
}

async function playExchange({ postern, party, say }: Stage, customer: Customer, folder: string): Promise<void> {
  const { vaults, owners } = customer;
  const clients = clientsOf(party, customer);
  await assert.rejects(enabled(clients[0], 'ledger'), /expires on/);
  const policy = new Policy(await TwiceWrapped.create(clients, keyName));
  say(
    'The policy was made: its key is wrapped by both keys, and by the availability key. A key that expires was refused.',
  );
  const mailbox = new Mailbox(join(folder, 'ada.mailbox'), policy);
  await mailbox.write(mail);
  const stored = mailbox.stored();
  assert.equal(stored.includes(mail), false);
  assert.deepEqual(await mailbox.read(), [mail, 'customer key']);
  say(`A mailbox of ${stored.length} bytes has none of its mail in clear, and reads back.`);

  const old = await owners[0].keys.getKey(keyName);
  await owners[0].keys.rotateKey(keyName);
  await policy.refresh();
  await owners[0].keys.updateKeyProperties(keyName, old.properties.version ?? '', { enabled: false });
  assert.deepEqual(mailbox.stored(), stored);
  assert.deepEqual(await mailbox.read(0), [mail, 'customer key']);
  assert.equal(answerOf(postern, clients[0]), `${vaults[0].name} 200`);
  say("One key was rolled: the policy's key was wrapped by its new version, and the mailbox has the same bytes.");

  await setEnabled(owners[0], false);
  for (const asked of [0, 1]) {
    assert.deepEqual(await mailbox.read(asked), [mail, 'customer key']);
    assert.equal(answerOf(postern, clients[1]), `${vaults[1].name} 200`);
  }
  const [refused, answered] = [answerOf(postern, clients[0]), answerOf(postern, clients[1])];
  assert.equal(refused, `${vaults[0].name} 403`);
  say(
    `One key was disabled, and the mailbox still opens. By the records, the vaults answered: ${refused}, ${answered}.`,
  );
  await setEnabled(owners[0], true);

  await Promise.all(vaults.map((each) => each.revoke(party)));
  await assert.rejects(mailbox.read(), /taken away by the customer: 403/);
  setLines(customer, [false, true]);
  await assert.rejects(mailbox.read(), /taken away by the customer/);
  setLines(customer, [true, true]);
  await Promise.all(vaults.map((each) => each.grant(party, grant)));
  assert.deepEqual(await mailbox.read(), [mail, 'customer key']);
  say(
    'Both grants were taken away: the user gets an error, and the availability key is not used. Given back, the mailbox opens.',
  );

  setLines(customer, [false, true]);
  assert.deepEqual(await mailbox.read(), [mail, 'customer key']);
  setLines(customer, [false, false]);
  assert.deepEqual(await mailbox.read(), [mail, 'availability key']);
  setLines(customer, [true, true]);
  say('One vault could not be reached: the other one unwrapped. Neither could be reached, with all grants in place:');
  say("the availability key, which is Microsoft's and not the customer's, opened the mailbox.");
}

async function playSharePoint({ postern, say }: Stage, customer: Customer, folder: string): Promise<void> {
  const { vaults } = customer;
  const party = await sharePoint.enter(postern);
  for (const each of vaults) await each.grant(party, grant);
  const tenant = new Tenant(await TwiceWrapped.create(clientsOf(party, customer), keyName));
  const file = join(folder, 'plan.docx');
  await tenant.write(file, mail);
  assert.equal(readFileSync(file).includes(mail), false);
  assert.deepEqual(await tenant.read(file), mail);
  say(
    "SharePoint, by its own application, wrapped the tenant's key twice, and reads its file by the first answer of two.",
  );
  setLines(customer, [false, true]);
  assert.deepEqual(await tenant.read(file), mail);
  setLines(customer, [false, false]);
  await assert.rejects(tenant.read(file), /call Microsoft/);
  tenant.customerCalled = true;
  assert.deepEqual(await tenant.read(file), mail);
  setLines(customer, [true, true]);
  say(
    'With one vault out of reach it still reads. With both out of reach it fails, until the customer calls Microsoft:',
  );
  say('then the availability key opens the file.');
  for (const each of vaults) await each.revoke(party);
}

function clientsOf(party: Party, { vaults, lines }: Customer): Both<Clients> {
  return [vaults[0].as(party, lines[0]), vaults[1].as(party, lines[1])];
}

type Opener = 'customer key' | 'availability key';

/** Exchange's data encryption policy. */
class Policy {
  readonly #key: TwiceWrapped;

  constructor(key: TwiceWrapped) {
    this.#key = key;
  }

  refresh(): Promise<void> {
    return this.#key.refresh();
  }

  /** The policy's key, and what opened it. `asked` is the vault that is asked first. */
  async open(asked = randomInt(2)): Promise<readonly [Buffer, Opener]> {
    const failures: unknown[] = [];
    for (const which of asked === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      try {
        return [await this.#key.unwrap(which), 'customer key'];
      } catch (error) {
        failures.push(error);
      }
    }
    const refusal = failures.find((error) => isRefusal(error));
    if (refusal === undefined) return [this.#key.byAvailabilityKey(), 'availability key'];
    throw new Error(`The keys were taken away by the customer: ${refusal.statusCode}.`, { cause: refusal });
  }
}

/** Whether a vault answered, and said no. All else is a failure of the system. */
function isRefusal(error: unknown): error is RestError {
  return isRestError(error) && error.statusCode !== undefined && error.statusCode < 500;
}

/** A file with a mailbox key, sealed under the policy's key, and mail under that. */
class Mailbox {
  readonly #file: string;
  readonly #policy: Policy;

  constructor(file: string, policy: Policy) {
    this.#file = file;
    this.#policy = policy;
  }

  async write(text: Buffer): Promise<void> {
    const [policyKey] = await this.#policy.open();
    const key = randomBytes(32);
    writeFileSync(this.#file, Buffer.concat([seal(policyKey, key, 'mailbox key'), seal(key, text, 'mail')]));
  }

  /** The mail, and what opened the policy's key. */
  async read(asked?: number): Promise<readonly [Buffer, Opener]> {
    const [policyKey, opener] = await this.#policy.open(asked);
    const stored = this.stored();
    const key = unseal(policyKey, stored.subarray(0, sealedKeyBytes), 'mailbox key');
    return [unseal(key, stored.subarray(sealedKeyBytes), 'mail'), opener];
  }

  /** The bytes at rest. */
  stored(): Buffer {
    return readFileSync(this.#file);
  }
}

/** A key of 32 bytes with the 12 of its nonce and the 16 of its tag. */
const sealedKeyBytes = 60;

/** SharePoint's part for a customer: the tenant's intermediate key, and files under keys of their own. */
class Tenant {
  /** Whether the customer called Microsoft and asked for the availability key. */
  customerCalled = false;
  readonly #key: TwiceWrapped;
  readonly #offsetMs = 20;

  constructor(key: TwiceWrapped) {
    this.#key = key;
  }

  async write(file: string, text: Buffer): Promise<void> {
    const key = randomBytes(32);
    writeFileSync(file, Buffer.concat([seal(await this.#open(), key, 'file key'), seal(key, text, 'file')]));
  }

  async read(file: string): Promise<Buffer> {
    const tenantKey = await this.#open();
    const stored = readFileSync(file);
    const key = unseal(tenantKey, stored.subarray(0, sealedKeyBytes), 'file key');
    return unseal(key, stored.subarray(sealedKeyBytes), 'file');
  }

  /** Two requests, the second a little later; the first answer counts. */
  async #open(): Promise<Buffer> {
    const later = setTimeout(this.#offsetMs).then(() => this.#key.unwrap(1));
    try {
      return await Promise.any([this.#key.unwrap(0), later]);
    } catch (error) {
      if (this.customerCalled) return this.#key.byAvailabilityKey();
      throw new Error('No vault unwraps the key of the tenant. For the availability key, call Microsoft.', {
        cause: error,
      });
    }
  }
}

function setLines({ lines }: Customer, areUp: Both<boolean>): void {
  for (const [which, line] of lines.entries()) line.isUp = areUp[which] ?? true;
}

async function setEnabled({ keys }: Clients, isEnabled: boolean): Promise<void> {
  const { properties } = await keys.getKey(keyName);
  await keys.updateKeyProperties(keyName, properties.version ?? '', { enabled: isEnabled });
}

/** The vault that had the last request of these clients, and its answer, by the log. */
function answerOf(postern: Postern, clients: Clients): string {
  const { resourceId, properties } = postern.recordOf(clients.lastRequest());
  return `${resourceId.split('/').at(-1)?.toLowerCase()} ${properties.httpStatusCode}`;
}

await play({
  service: 'Exchange Online & SharePoint Online',
  caller: exchange,
  grant,
  furnish: async ({ keys, secrets }) => {
    await keys.createRsaKey(keyName, newKey);
    await keys.createRsaKey('ledger', { keySize: 2048, expiresOn: new Date(Date.now() + 86_400_000) });
    await secrets.setSecret('payroll', 'not for mail servers');
  },
  work,
  call: async ({ keys, cryptography }) => {
    const { id = '' } = await keys.getKey(keyName);
    await cryptography(id).wrapKey('RSA-OAEP-256', randomBytes(32));
  },
  outside: {
    title: 'decrypts with a key that permits it',
    call: async ({ keys, cryptography }) => {
      const { id = '' } = await keys.getKey('ledger');
      await cryptography(id).decrypt({ algorithm: 'RSA-OAEP-256', ciphertext: randomBytes(256) });
    },
  },
  forged: {
    caller: exchange,
    title: "Exchange's own token, for a secret",
    call: ({ secrets }) => secrets.getSecret('payroll'),
  },
});
