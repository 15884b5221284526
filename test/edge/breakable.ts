import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import type { SealedStore } from '../../src/store/sealed.ts';
import { Conflict, resultOf } from '../../src/store/store.ts';
import type { Read, Requirement, Transaction } from '../../src/store/store.ts';

/** The parts that can be made to fail: the store's reads and lists, its commits, and the writes of the audit log. */
export type Part = 'read' | 'commit' | 'log';

export interface Failure {
  readonly part: Part;
  /** The error that is thrown. A `conflict` is thrown only if something is required: a store finds it nowhere else. */
  readonly error: Error | 'conflict';
  /** How many times, at most. */
  readonly times: number;
}

/** The prefixes that the server lists in the background: audit records to ship, due work, diagnostic settings. */
const background = /^(outbox|due|diagnostic-setting)\//;

/**
 * Makes a server's store and audit log fail on command. The server's background lists never fail, so that a failure that
 * happens once hits the request that the test sends.
 */
export class Breakable {
  #failure: Failure | undefined;
  #left = 0;

  fail(failure: Failure): void {
    this.#failure = failure;
    this.#left = failure.times;
  }

  heal(): void {
    this.#failure = undefined;
  }

  /** The same store, but it fails on command. */
  store(store: SealedStore): SealedStore {
    const refuse = (part: Part, require: readonly Requirement[] = []) => {
      const failure = this.#take(part, require.length > 0);
      if (failure === 'conflict') throw new Conflict(require[0]?.key ?? '');
      if (failure !== undefined) throw failure;
    };
    return {
      async read(request: Read) {
        refuse('read', request.require);
        return store.read(request);
      },
      async list(request) {
        if (!background.test(request.prefix)) refuse('read', request.require);
        return store.list(request);
      },
      async readMany(requests) {
        const refused = requests.map(({ require }) =>
          resultOf(() => {
            refuse('read', require);
            return [];
          }),
        );
        const read = await store.readMany(requests.filter((_, index) => refused[index]?.ok === true));
        let at = 0;
        return refused.map((result) => (result.ok ? (read[at++] ?? result) : result));
      },
      async transact(transaction: Transaction) {
        // The outbox only deletes.
        if (transaction.put !== undefined) refuse('commit', transaction.require);
        return store.transact(transaction);
      },
      changes: (since, limit) => store.changes(since, limit),
      rotateMasterKey: (masterKey) => store.rotateMasterKey(masterKey),
      destroyDomain: (domain) => store.destroyDomain(domain),
      close: () => store.close(),
    };
  }

  /**
   * Makes the writes of the audit log in that folder fail on command, as if the operating system failed: everything
   * between the edges and the file is real. Dispose of the result to end this.
   */
  log(directory: string): Disposable {
    const { writeSync } = fs;
    const file = join(directory, 'audit.jsonl');
    const failing = (...args: Parameters<typeof writeSync>) => {
      if (this.#failure?.part === 'log' && fs.fstatSync(args[0]).ino === fs.statSync(file).ino) {
        const failure = this.#take('log', false);
        if (failure instanceof Error) throw failure;
      }
      return Reflect.apply(writeSync, fs, args);
    };
    fs.writeSync = failing as typeof writeSync;
    syncBuiltinESMExports();
    return {
      [Symbol.dispose]() {
        fs.writeSync = writeSync;
        syncBuiltinESMExports();
      },
    };
  }

  #take(part: Part, isRequiring: boolean): Failure['error'] | undefined {
    const failure = this.#failure;
    if (failure?.part !== part || this.#left === 0) return undefined;
    if (failure.error === 'conflict' && !isRequiring) return undefined;
    this.#left -= 1;
    return failure.error;
  }
}
