import { Conflict } from '../../store/store.ts';
import type { List, Read, Requirement, Store, StoredRecord, Transaction, Version } from '../../store/store.ts';

const pageSize = 500;

/**
 * A store whose changes lie over those of another one and never reach it: what a deployment would do can be tried on it,
 * each resource finding what those before it would have made.
 */
export function overlay(base: Store): Store {
  /** `undefined`: deleted. */
  const changed = new Map<string, StoredRecord | undefined>();
  let versions = 0;

  async function check(require: readonly Requirement[] = []): Promise<void> {
    const below: Requirement[] = [];
    for (const requirement of require) {
      if (!changed.has(requirement.key)) below.push(requirement);
      else if ((changed.get(requirement.key)?.version ?? null) !== requirement.version)
        throw new Conflict(requirement.key);
    }
    await base.read({ require: below, get: [] });
  }

  async function list({ require, prefix, after, limit }: List): Promise<readonly StoredRecord[]> {
    await check(require);
    const over = [...changed.values()].filter(
      (record) => record !== undefined && record.key.startsWith(prefix) && (after === undefined || record.key > after),
    );
    const found: StoredRecord[] = over.flatMap((record) => (record === undefined ? [] : [record]));
    const above = found.length;
    for (let from = after; ;) {
      const page = await base.list({ prefix, after: from, limit: pageSize });
      found.push(...page.filter(({ key }) => !changed.has(key)));
      from = page.at(-1)?.key;
      if (page.length < pageSize || found.length - above >= limit) break;
    }
    return found.toSorted((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
  }

  async function read({ require, get }: Read): Promise<readonly (StoredRecord | undefined)[]> {
    await check(require);
    const below = await base.read({ get });
    return get.map((key, index) => (changed.has(key) ? changed.get(key) : below[index]));
  }

  async function transact({ require, put = [], delete: gone = [] }: Transaction): Promise<readonly Version[]> {
    await check(require);
    const made = put.map(({ key, value, version }): Version => {
      versions += 1;
      const record = { key, value, version: version ?? `over-${versions}` };
      changed.set(key, record);
      return record.version;
    });
    for (const key of gone) changed.set(key, undefined);
    return made;
  }

  return { read, list, transact, changes: (since, limit) => base.changes(since, limit), close: async () => {} };
}
