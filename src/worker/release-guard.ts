import type { OpenedStore } from '../store/sealed.ts';
import { Conflict, turnsOf, Unavailable } from '../store/store.ts';
import type { List, Read, ReadResult, Requirement, Store, Version } from '../store/store.ts';
import { named, readMark, unrecorded, writtenByKey } from './upgrade.ts';
import type { WrittenBy } from './upgrade.ts';

/** How often a call is tried again because that record changed meanwhile. */
const attemptLimit = 8;

export interface ReleaseGuardParts {
  readonly store: OpenedStore;
  /** The release that this process runs. */
  readonly ours: WrittenBy;
  /** Told why the store must not be used any more; `undefined`: it may be used. */
  readonly found: (why: string | undefined) => void;
}

/**
 * The store of a node for as long as its release knows the format. A node that was paused counts as dead, so a newer release
 * may start beside it and upgrade the store. From that commit on, everything that it still asks for ends in an
 * `Unavailable`: each read and each transaction requires the record of the release that writes the store.
 */
export async function guardRelease(parts: ReleaseGuardParts): Promise<OpenedStore> {
  const { store } = parts;
  const guard = new ReleaseGuard(parts);
  await guard.look();
  return {
    get storeId() {
      return store.storeId;
    },
    get masterKey() {
      return store.masterKey;
    },
    get hasOneMasterKey() {
      return store.hasOneMasterKey;
    },
    ...turnsOf(store),
    read: (request) => guard.requiring((require) => store.read(withLast(request, require))),
    list: (request) => guard.requiring((require) => store.list(withLast(request, require))),
    readMany: (requests) => guard.readMany(requests),
    transact: (transaction) => guard.requiring((require) => store.transact(withLast(transaction, require))),
    changes: (since, limit) => guard.changes(since, limit),
    async rotateMasterKey(masterKey) {
      await guard.check();
      await store.rotateMasterKey(masterKey);
    },
    async destroyDomain(domain) {
      await guard.check();
      await store.destroyDomain(domain);
    },
    judge: (raw) => store.judge(raw),
    learnMasterKey: (masterKey) => store.learnMasterKey(masterKey),
    acceptingCopy: (work) => store.acceptingCopy(work),
    close: () => store.close(),
  };
}

/** The caller's requirements come first, so that a conflict names one of them if one fails. */
function withLast<T extends { readonly require?: readonly Requirement[] }>(request: T, last: Requirement): T {
  return { ...request, require: [...(request.require ?? []), last] };
}

const changing = new Unavailable('The release that writes the store changes faster than it can be read: try again');

class ReleaseGuard {
  readonly #parts: ReleaseGuardParts;
  #version: Version | null = null;
  #looking: Promise<void> | undefined;
  /** Why the store must not be used, as it was found last. */
  #fault: string | undefined;

  constructor(parts: ReleaseGuardParts) {
    this.#parts = parts;
  }

  /**
   * Reads which release writes the store.
   * @throws {Unavailable} when that is a newer one, whose format is not known here, or cannot be read
   */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { store, ours, found } = this.#parts;
    const { mark, fault } = await readMark(store);
    const { value = unrecorded, version = null } = mark ?? {};
    this.#fault = fault === undefined ? newerRelease(value, ours) : unreadable(fault, ours);
    found(this.#fault);
    if (this.#fault !== undefined) throw new Unavailable(this.#fault);
    this.#version = version;
  }

  async requiring<T>(work: (require: Requirement) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work(this.#requirement);
      } catch (error) {
        if (!isOurs(error)) throw error;
        if (attempt === attemptLimit) throw changing;
        await this.look();
      }
    }
  }

  /** @throws {Unavailable} when the store must not be used any more */
  async check(): Promise<void> {
    await this.requiring((last) => this.#parts.store.read({ require: [last], get: [] }));
  }

  async readMany(requests: readonly (Read | List)[], attempt = 1): Promise<readonly ReadResult[]> {
    const required = this.#requirement;
    const results = await this.#parts.store.readMany(requests.map((request) => withLast(request, required)));
    const again = results.flatMap((result, index) => (!result.ok && isOurs(result.error) ? [index] : []));
    if (again.length === 0) return results;
    const repeated = await this.#repeat(
      requests.filter((_, index) => again.includes(index)),
      attempt,
    );
    return results.map((result, index) => repeated[again.indexOf(index)] ?? result);
  }

  async #repeat(requests: readonly (Read | List)[], attempt: number): Promise<readonly ReadResult[]> {
    try {
      if (attempt === attemptLimit) throw changing;
      await this.look();
    } catch (error) {
      return requests.map(() => ({ ok: false, error }));
    }
    return this.readMany(requests, attempt + 1);
  }

  /**
   * Looks by itself where the record has changed, so that a node without requests notices, too; and while there is a fault,
   * because a record that is put back need not be a change.
   */
  async changes(...asked: Parameters<Store['changes']>): ReturnType<Store['changes']> {
    const changes = await this.#parts.store.changes(...asked);
    if (this.#fault !== undefined || changes.expired || changes.keys.includes(writtenByKey)) await this.look();
    return changes;
  }

  get #requirement(): Requirement {
    return { key: writtenByKey, version: this.#version };
  }
}

function isOurs(error: unknown): boolean {
  return error instanceof Conflict && error.key === writtenByKey;
}

function newerRelease(theirs: WrittenBy, ours: WrittenBy): string | undefined {
  if (theirs.format <= ours.format) return undefined;
  const found = `The store is written by ${named(theirs)}, and this node runs ${named(ours)}`;
  return `${found}: it answers nothing from it. Stop it, and start Postern ${theirs.release} on its data folder.`;
}

/** A start of this release has read it, so that it was changed since, and not by a release. */
function unreadable(fault: string, ours: WrittenBy): string {
  const found = `The record ${writtenByKey}, which says which release writes the store, cannot be read: ${fault}`;
  return `${found}. This node, Postern ${ours.release}, answers nothing from it until that record is put back (docs/how-to/upgrade.md).`;
}
