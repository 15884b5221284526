import { randomBytes } from 'node:crypto';
import { CustomerKey, seal, unseal } from './customer-key.ts';
import type { Envelope } from './customer-key.ts';
import type { Clients } from './vault.ts';

/** One of each of the two vaults of Customer Key. */
export type Both<Of> = readonly [Of, Of];

/** A customer key that the service accepts: recoverable, and without an expiry. */
export async function enabled(clients: Clients, name: string): Promise<CustomerKey> {
  const { expiresOn } = (await clients.keys.getKey(name)).properties;
  if (expiresOn !== undefined && expiresOn.getUTCFullYear() < 9999) {
    throw new Error(`${name} expires on ${expiresOn.toISOString()}; a customer key must not.`);
  }
  const key = new CustomerKey(clients, name);
  await key.enable();
  return key;
}

/** A key that seals other keys. Each of the two customer keys wraps it, and Microsoft's availability key seals it. */
export class TwiceWrapped {
  readonly #keys: Both<CustomerKey>;
  /** In a store of Microsoft's own. */
  readonly #availabilityKey = randomBytes(32);
  readonly #sealed: Buffer;
  #envelopes: Both<Envelope>;

  private constructor(keys: Both<CustomerKey>, key: Buffer, envelopes: Both<Envelope>) {
    this.#keys = keys;
    this.#envelopes = envelopes;
    this.#sealed = seal(this.#availabilityKey, key, 'policy');
  }

  static async create([first, second]: Both<Clients>, keyName: string): Promise<TwiceWrapped> {
    const keys: Both<CustomerKey> = [await enabled(first, keyName), await enabled(second, keyName)];
    const key = randomBytes(32);
    return new TwiceWrapped(keys, key, [await keys[0].wrap(key), await keys[1].wrap(key)]);
  }

  unwrap(which: 0 | 1): Promise<Buffer> {
    return this.#keys[which].open(this.#envelopes[which]);
  }

  byAvailabilityKey(): Buffer {
    return unseal(this.#availabilityKey, this.#sealed, 'policy');
  }

  /** Wraps by the keys' current versions. */
  async refresh(): Promise<void> {
    const [first, second] = this.#keys;
    this.#envelopes = [await first.follow(this.#envelopes[0]), await second.follow(this.#envelopes[1])];
  }
}
