import type { DataKeys } from './data-keys.ts';
import { sealPrefix } from './seal-header.ts';
import { domainOf } from './sealed-records.ts';
import { Conflict, Unavailable } from './store.ts';
import type { List, Read, ReadResult, Requirement, Store, StoredRecord } from './store.ts';

/** How often a read is tried again because the seal's own records changed meanwhile. */
const attemptLimit = 8;

interface Asked {
  readonly request: Read | List;
  /** The domains whose data keys it is read under. */
  readonly domains: ReadonlySet<string>;
}

/**
 * The store below a seal that other processes use, too: what is read with a data key requires, in its own snapshot, that it
 * is still the domain's. So a key that another node destroyed opens nothing here from then on, and one that another node
 * wrapped again under a new master key is read again: that is what a requirement of the header would be for, since a
 * rotation gives each data key another version.
 */
export function requiringKeys(inner: Store, keys: DataKeys): Store {
  const read = new RequiringReads(inner, keys);
  return {
    read: (request) => read.one(request),
    list: (request) => read.one(request).then((records) => records.filter((record) => record !== undefined)),
    readMany: (requests) => read.many(requests.map((request) => ({ request, domains: domainsOf(request) }))),
    transact: (transaction) => inner.transact(transaction),
    changes: (since, limit) => inner.changes(since, limit),
    close: () => inner.close(),
  };
}

/** Those of a read; of a list that passes through several, none before it is read. */
function domainsOf(request: Read | List): ReadonlySet<string> {
  if ('get' in request) return new Set(request.get.filter(isSealed).map(domainOf));
  const { prefix } = request;
  const isOfOne = prefix.startsWith('vault/') ? domainOf(prefix) !== 'control' : !'vault/'.startsWith(prefix);
  return isOfOne && isSealed(prefix) ? new Set([domainOf(prefix)]) : new Set();
}

/** The seal's own records are in clear, but for the count. */
function isSealed(key: string): boolean {
  return !key.startsWith(sealPrefix);
}

/** Without the requirements of all its data keys, a read could be answered under a key that was destroyed. */
const changing: ReadResult = {
  ok: false,
  error: new Unavailable('The data keys of the store change faster than it can be read: try again'),
};

class RequiringReads {
  readonly #inner: Store;
  readonly #keys: DataKeys;

  constructor(inner: Store, keys: DataKeys) {
    this.#inner = inner;
    this.#keys = keys;
  }

  async one(request: Read | List): Promise<readonly (StoredRecord | undefined)[]> {
    const [result] = await this.many([{ request, domains: domainsOf(request) }]);
    if (result === undefined) return [];
    if (!result.ok) throw result.error;
    return result.records;
  }

  async many(asked: readonly Asked[], attempt = 1): Promise<readonly ReadResult[]> {
    const requests = await Promise.all(asked.map((each) => this.#requiring(each)));
    const results = await this.#inner.readMany(requests);
    const again = new Map<number, Asked>();
    for (const [index, each] of asked.entries()) {
      const next = await this.#next(each, results[index]);
      if (next !== undefined) again.set(index, next);
    }
    if (again.size === 0) return results;
    if (attempt === attemptLimit) return results.map((result, index) => (again.has(index) ? changing : result));
    const repeated = await this.many([...again.values()], attempt + 1);
    const order = [...again.keys()];
    return results.map((result, index) => repeated[order.indexOf(index)] ?? result);
  }

  /** The caller's requirements come first, so that a conflict names one of them if one fails. */
  async #requiring({ request, domains }: Asked): Promise<Read | List> {
    const require: Requirement[] = [...(request.require ?? [])];
    for (const domain of domains) {
      require.push(this.#keys.cached(domain)?.require[0] ?? (await this.#keys.requirementOf(domain)));
    }
    return { ...request, require };
  }

  /** The read that must be tried again; `undefined`: the result holds. */
  async #next({ request, domains }: Asked, result: ReadResult | undefined): Promise<Asked | undefined> {
    if (result?.ok === false) {
      const { error } = result;
      if (!(error instanceof Conflict) || !error.key.startsWith(sealPrefix)) return undefined;
      await this.#keys.changed(error.key);
      return { request, domains };
    }
    if ('get' in request) return undefined;
    const found = (result?.records ?? []).flatMap((record) =>
      record && isSealed(record.key) ? [domainOf(record.key)] : [],
    );
    const all = new Set([...domains, ...found]);
    return all.size === domains.size ? undefined : { request, domains: all };
  }
}
