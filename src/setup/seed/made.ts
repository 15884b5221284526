import { recordKind } from '../../store/keys.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';

/** An identity that a seed made or found, by its name in the seed. */
export interface MadeIdentity {
  readonly name: string;
  readonly clientId: string;
  readonly objectId: string;
  /** A managed identity's: the header that proves it, for `postern run --as`. */
  readonly identityHeader?: string;
  /** It was there before, and a seed named it by its id: `--prune` forgets it, and does not remove it. */
  readonly existing?: true;
}

/** The objects without a resource group that seeds made or found: a later one finds them, and `--prune` removes no others. */
interface Made {
  readonly identities: readonly MadeIdentity[];
  /** Ids of users. */
  readonly users: readonly string[];
}

const madeKey = recordKind<Made>({
  pattern: 'setup/seed',
  owner: 'setup',
  holds: 'the identities and users that seed files made',
}).key();

export async function readMade(store: Pick<Store, 'read'>): Promise<Made> {
  const [record] = await readRecords(store, { get: [madeKey] });
  return record?.value ?? { identities: [], users: [] };
}

/** The objects that seeds made, while one is applied: read once and written once, however many there are. */
export class MadeObjects {
  readonly #identities: Map<string, MadeIdentity>;
  readonly #users: Set<string>;
  #isChanged = false;

  private constructor({ identities, users }: Made) {
    this.#identities = new Map(identities.map((one) => [one.name.toLowerCase(), one]));
    this.#users = new Set(users);
  }

  static async read(store: Pick<Store, 'read'>): Promise<MadeObjects> {
    return new MadeObjects(await readMade(store));
  }

  get identities(): readonly MadeIdentity[] {
    return [...this.#identities.values()];
  }

  get users(): readonly string[] {
    return [...this.#users];
  }

  /** The identity of that name, in any case. */
  identity(name: string): MadeIdentity | undefined {
    return this.#identities.get(name.toLowerCase());
  }

  addIdentity(identity: MadeIdentity): void {
    this.#identities.set(identity.name.toLowerCase(), identity);
    this.#isChanged = true;
  }

  forgetIdentity(name: string): void {
    this.#identities.delete(name.toLowerCase());
    this.#isChanged = true;
  }

  addUser(id: string): void {
    this.#users.add(id);
    this.#isChanged = true;
  }

  forgetUser(id: string): void {
    this.#users.delete(id);
    this.#isChanged = true;
  }

  async write(store: Store): Promise<void> {
    const { identities, users } = this;
    if (this.#isChanged) await store.transact({ put: [recordPut(madeKey, { identities, users })] });
  }
}
