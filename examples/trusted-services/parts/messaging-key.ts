import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { isRestError } from '@azure/core-rest-pipeline';
import { AmqpRefusal } from './amqp-broker.ts';
import { CustomerKey } from './customer-key.ts';
import type { Envelope } from './customer-key.ts';
import type { Clients } from './vault.ts';

interface Wrapped {
  /** The customer's key. */
  readonly name: string;
  readonly envelope: Envelope;
}

/**
 * The data key of a namespace of Event Hubs or Service Bus, which is wrapped by up to three keys of the customer's. The
 * namespace works while one of them does ("Configure customer-managed keys for encrypting … data at rest").
 */
export class MessagingKey {
  readonly #clients: Clients;
  readonly #folder: string;
  #dataKey: Buffer | undefined;
  #refusal = 'no key is set';

  /** `folder` is where the namespace keeps its data. The envelopes are in a file beside it. */
  constructor(clients: Clients, folder: string) {
    this.#clients = clients;
    this.#folder = folder;
  }

  /** For a namespace that starts again, and has only what is on disk. */
  static async reopen(clients: Clients, folder: string): Promise<MessagingKey> {
    const key = new MessagingKey(clients, folder);
    await key.poll();
    return key;
  }

  get status(): 'Active' | 'Revoked' {
    return this.#dataKey === undefined ? 'Revoked' : 'Active';
  }

  /** @throws {AmqpRefusal} while no key can be used */
  get dataKey(): Buffer {
    if (this.#dataKey !== undefined) return this.#dataKey;
    throw new AmqpRefusal('amqp:unauthorized-access', `The namespace is revoked: ${this.#refusal}.`);
  }

  /** Begins to encrypt. "You can enable … only for new or empty namespaces." @throws {Error} naming what is wrong */
  async enable(names: readonly string[]): Promise<void> {
    if (names.length === 0 || names.length > 3)
      throw new Error(`${names.length} keys; a namespace takes one to three.`);
    const [data] = readdirSync(this.#folder);
    if (data !== undefined) throw new Error(`The namespace holds ${data}; only one that is new or empty takes keys.`);
    const known = new Set<string>();
    for await (const { name } of this.#clients.keys.listPropertiesOfKeys()) known.add(name);
    const dataKey = randomBytes(32);
    const wrapped: Wrapped[] = [];
    for (const name of names) {
      if (!known.has(name)) throw new Error(`The vault lists no key ${name}.`);
      const key = this.#key(name);
      await key.enable();
      wrapped.push({ name, envelope: await key.wrap(dataKey) });
    }
    this.#write(wrapped);
    this.#dataKey = dataKey;
  }

  /**
   * Asks the vault whether a key still unwraps, and wraps by the new version of each key that has one, as Azure does every
   * five minutes. Where no key unwraps, drops the data key.
   */
  async poll(): Promise<void> {
    const wrapped = this.#read();
    let dataKey: Buffer | undefined;
    for (const { name, envelope } of wrapped) dataKey ??= await this.#attempt(() => this.#key(name).open(envelope));
    this.#dataKey = dataKey;
    if (dataKey === undefined) return;
    const followed: Wrapped[] = [];
    for (const each of wrapped) followed.push((await this.#attempt(() => this.#follow(each, dataKey))) ?? each);
    this.#write(followed);
  }

  /** The versions of keys that can unwrap, as their ids. */
  get versions(): readonly string[] {
    return this.#read().map(({ envelope }) => envelope.keyId);
  }

  async #follow({ name, envelope }: Wrapped, dataKey: Buffer): Promise<Wrapped> {
    const key = this.#key(name);
    const { id } = await key.current();
    return { name, envelope: id === envelope.keyId ? envelope : await key.wrap(dataKey) };
  }

  /** Nothing, where the vault refuses. */
  async #attempt<Result>(ask: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!isRestError(error) || error.statusCode === undefined) throw error;
      this.#refusal = `the vault answers ${error.statusCode}`;
      return undefined;
    }
  }

  #key(name: string): CustomerKey {
    return new CustomerKey(this.#clients, name);
  }

  get #file(): string {
    return `${this.#folder}.keys.json`;
  }

  #read(): readonly Wrapped[] {
    return existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, 'utf8')) : [];
  }

  #write(wrapped: readonly Wrapped[]): void {
    writeFileSync(this.#file, JSON.stringify(wrapped));
  }
}
