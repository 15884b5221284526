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

export async function writeMade(store: Store, made: Made): Promise<void> {
  await store.transact({ put: [recordPut(madeKey, made)] });
}
