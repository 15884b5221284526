import { StoreState } from '../health/store-state.ts';
import type { SealedStore } from '../store/sealed.ts';
import { recordKind } from '../store/keys.ts';
import type { NodeStore } from '../store/node-store.ts';
import { Conflict, encode, turnsOf } from '../store/store.ts';
import type { NodeFaults } from './node-faults.ts';
import type { OwnNode } from './node.ts';

/** The parts of a server with a store whose transactions are counted, and why it cannot be written. */
export function measured<Parts extends MeasuredParts>(given: Parts) {
  const state = new StoreState();
  void given.databaseLost?.then(({ message }) => state.lose(message));
  const { shared, node, faults } = given;
  if (shared !== undefined)
    state.watch(() => ({ ...shared.state(), clockAheadMs: node?.clockAheadMs, faults: faults?.whys ?? {} }));
  const parts = { ...given, store: measuredStore(given.store, state) };
  const check = new StoreCheck(parts.store, state);
  return { parts, storeState: state, storeFailure: () => check.failure() };
}

export interface MeasuredParts {
  readonly store: SealedStore;
  /** See `folder.ts`, as for the last one. */
  readonly databaseLost?: Promise<Error>;
  readonly shared?: Pick<NodeStore, 'state'> | undefined;
  readonly node?: Pick<OwnNode, 'clockAheadMs'> | undefined;
  readonly faults?: Pick<NodeFaults, 'whys'> | undefined;
}

function measuredStore(store: SealedStore, state: StoreState): SealedStore {
  return {
    read: (request) => store.read(request),
    list: (request) => store.list(request),
    readMany: (requests) => store.readMany(requests),
    changes: (since, limit) => store.changes(since, limit),
    rotateMasterKey: (masterKey) => store.rotateMasterKey(masterKey),
    destroyDomain: (domain) => store.destroyDomain(domain),
    close: () => store.close(),
    ...turnsOf(store),
    async transact(transaction) {
      state.begin(performance.now());
      try {
        const versions = await store.transact(transaction);
        state.end('committed', performance.now());
        return versions;
      } catch (error) {
        const isConflict = error instanceof Conflict;
        state.end(isConflict ? 'conflict' : 'failed', performance.now(), messageOf(error));
        throw error;
      }
    },
  };
}

const trialRecord = recordKind<true>({
  pattern: 'health/trial',
  owner: 'worker',
  holds: 'nothing; it is written to find out whether a store that failed can be written again',
});

/** The interval of trials. Whoever asks more often gets the last result. */
const trialEveryMs = 1_000;
/** The most that an answer waits for a trial. */
const trialWaitMs = 2_000;

/**
 * Says why the store cannot be written, as far as is known. A server that is not ready gets no requests that would write,
 * so after a failure this writes itself.
 */
class StoreCheck {
  readonly #store: SealedStore;
  readonly #state: StoreState;
  #triedAtMs = -Infinity;
  #trial: Promise<void> = Promise.resolve();

  /** @param store whose transactions are counted in `state` */
  constructor(store: SealedStore, state: StoreState) {
    this.#store = store;
    this.#state = state;
  }

  async failure(): Promise<string | undefined> {
    if (this.#state.mayHaveHealed) await this.#try();
    return this.#state.failureAt(performance.now());
  }

  async #try(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#triedAtMs >= trialEveryMs) {
      this.#triedAtMs = nowMs;
      const put = [{ key: trialRecord.key(), value: encode(true) }];
      this.#trial = this.#store.transact({ put }).then(nothing, nothing);
    }
    const waited = Promise.withResolvers<void>();
    const timer = setTimeout(waited.resolve, trialWaitMs);
    await Promise.race([this.#trial, waited.promise]);
    clearTimeout(timer);
  }
}

/** The state has the result. */
function nothing(): void {}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
